#include "flow_hash.h"

#include <set>

#include "samples.h"
#include "unit.h"

namespace wolfguard {
namespace {

uint32_t hash_of(const Bytes& packet) {
  const auto parsed = parse_inside_packet(packet.data(), packet.size());
  return parsed ? flow_hash(packet.data(), packet.size(), *parsed) : 0;
}

Bytes udp4(uint16_t from, uint16_t to, uint8_t host, size_t payload = 100) {
  Bytes packet(28 + payload);
  packet[0] = 0x45;
  store16(&packet[2], static_cast<uint16_t>(packet.size()));
  packet[9] = 17;
  const uint8_t ends[8] = {10, 77, 0, 2, 192, 0, 2, host};
  memcpy(&packet[12], ends, sizeof ends);
  store16(&packet[20], from);
  store16(&packet[22], to);
  return packet;
}

Bytes udp6(uint16_t from, uint16_t to, uint8_t host) {
  Bytes packet(48);
  packet[0] = 0x60;
  store16(&packet[4], 8);
  packet[6] = 17;
  packet[39] = host;
  store16(&packet[40], from);
  store16(&packet[42], to);
  return packet;
}

}  // namespace

UNIT_TEST("packets of a flow have one hash, and flows that differ in anything have others") {
  std::set<uint32_t> seen;
  for (uint16_t port = 1; port <= 50; port++) {
    for (uint8_t host = 1; host <= 10; host++) {
      CHECK_EQUAL(hash_of(udp4(port, 53, host, 10)), hash_of(udp4(port, 53, host, 1000)));
      seen.insert(hash_of(udp4(port, 53, host)));
      seen.insert(hash_of(udp4(53, port + 100, host)));
      seen.insert(hash_of(udp6(port, 53, host)));
    }
  }
  CHECK_EQUAL(seen.size(), size_t{3 * 500});
}

UNIT_TEST("ports that follow one another fall evenly into 64") {
  int counts[64] = {};
  for (uint16_t port = 0; port < 6400; port++) counts[hash_of(udp4(40000 + port, 443, 1)) % 64]++;
  for (const int count : counts) CHECK(count > 50 && count < 160);
}

UNIT_TEST("all fragments of a packet are of one flow, which is not that of its ports") {
  const auto with_fragment = [](uint16_t field, uint16_t port) {
    Bytes packet = udp4(port, 53, 1);
    store16(&packet[6], field);
    return hash_of(packet);
  };
  CHECK_EQUAL(with_fragment(0x2000, 1), with_fragment(0x0010, 2));
  CHECK(with_fragment(0x2000, 1) != with_fragment(0x4000, 1));
  CHECK(with_fragment(0x4000, 1) != with_fragment(0x4000, 2));
}

UNIT_TEST("a packet that ends before its ports has a hash all the same") {
  Bytes packet = udp4(1, 2, 3, 0);
  for (size_t size = 20; size <= 28; size++) {
    const Bytes shorter(packet.begin(), packet.begin() + static_cast<ptrdiff_t>(size));
    Bytes sound = shorter;
    store16(&sound[2], static_cast<uint16_t>(size));
    hash_of(sound);
  }
}

}  // namespace wolfguard
