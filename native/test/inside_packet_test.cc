#include "inside_packet.h"

#include <netinet/in.h>

#include "random.h"
#include "samples.h"
#include "unit.h"

namespace wolfguard {
namespace {

uint16_t ones_sum(const Bytes& data) { return samples::ones_sum(data.data(), data.size()); }

Bytes part(const Bytes& bytes, size_t from, size_t to) {
  return Bytes(bytes.begin() + static_cast<ptrdiff_t>(from),
               bytes.begin() + static_cast<ptrdiff_t>(to));
}

Bytes too_big_for(const Bytes& packet, uint32_t mtu) {
  const auto parsed = parse_inside_packet(packet.data(), packet.size());
  if (!parsed) return {};
  Bytes out(1280);
  out.resize(make_too_big(packet.data(), packet.size(), *parsed, mtu, out.data()));
  return out;
}

}  // namespace

UNIT_TEST("an IPv4 packet is read: addresses, protocol and DF") {
  Bytes packet = samples::ipv4_packet(100, 2, 9);
  auto parsed = parse_inside_packet(packet.data(), packet.size());
  REQUIRE(parsed.has_value());
  CHECK_EQUAL(parsed->version, 4);
  CHECK_EQUAL(format_address(parsed->source), std::string("10.77.0.2"));
  CHECK_EQUAL(format_address(parsed->destination), std::string("10.77.0.9"));
  CHECK_EQUAL(parsed->protocol, 17);
  CHECK(!parsed->dont_fragment);
  CHECK(is_real_data(*parsed));
  packet[6] = 0x40;
  packet[9] = IPPROTO_ICMP;
  parsed = parse_inside_packet(packet.data(), packet.size());
  REQUIRE(parsed.has_value());
  CHECK(parsed->dont_fragment);
  CHECK(!is_real_data(*parsed));
}

UNIT_TEST("an IPv6 packet is read, and never fragments on the way") {
  Bytes packet = samples::ipv6_packet(100, 2, 9);
  auto parsed = parse_inside_packet(packet.data(), packet.size());
  REQUIRE(parsed.has_value());
  CHECK_EQUAL(parsed->version, 6);
  CHECK_EQUAL(format_address(parsed->source), std::string("fd00::2"));
  CHECK_EQUAL(format_address(parsed->destination), std::string("fd00::9"));
  CHECK(parsed->dont_fragment);
  CHECK(is_real_data(*parsed));
  packet[6] = IPPROTO_ICMPV6;
  parsed = parse_inside_packet(packet.data(), packet.size());
  CHECK(parsed.has_value() && !is_real_data(*parsed));
}

UNIT_TEST("an inside packet whose header does not fit its size, at any byte, is none") {
  for (const Bytes& packet : {samples::ipv4_packet(60, 1, 2), samples::ipv6_packet(60, 1, 2)}) {
    for (size_t size = 0; size < packet.size(); size++) {
      const Bytes cut = part(packet, 0, size);
      CHECK(!parse_inside_packet(cut.data(), cut.size()).has_value());
    }
  }
  Bytes packet = samples::ipv4_packet(60, 1, 2);
  for (uint8_t words = 0; words < 5; words++) {
    packet[0] = static_cast<uint8_t>(0x40 | words);
    CHECK(!parse_inside_packet(packet.data(), packet.size()).has_value());
  }
  packet[0] = 0x4f;
  store16(&packet[2], 59);  // less than its header of 60
  CHECK(!parse_inside_packet(packet.data(), packet.size()).has_value());
  packet = samples::ipv4_packet(60, 1, 2);
  for (int version = 0; version < 16; version++) {
    if (version == 4 || version == 6) continue;
    packet[0] = static_cast<uint8_t>(version << 4 | 5);
    CHECK(!parse_inside_packet(packet.data(), packet.size()).has_value());
  }
}

UNIT_TEST("fragmentation needed names the MTU, goes to the sender and has right checksums") {
  Random random(3);
  for (size_t size : {28, 61, 548, 549, 1400, 9000}) {
    Bytes packet = samples::ipv4_packet(size, 2, 9);
    for (size_t i = 20; i < size; i++) packet[i] = random.byte();
    const Bytes out = too_big_for(packet, 1300);
    const size_t quote = std::min<size_t>(size, 548);
    REQUIRE(CHECK_EQUAL(out.size(), 28 + quote));
    CHECK_EQUAL(load16(&out[2]), out.size());
    CHECK(part(out, 12, 16) == part(packet, 16, 20));
    CHECK(part(out, 16, 20) == part(packet, 12, 16));
    CHECK_EQUAL(out[20], 3);
    CHECK_EQUAL(out[21], 4);
    CHECK_EQUAL(load16(&out[26]), 1300);
    CHECK(part(out, 28, out.size()) == part(packet, 0, quote));
    CHECK_EQUAL(ones_sum(part(out, 0, 20)), 0xffff);
    CHECK_EQUAL(ones_sum(part(out, 20, out.size())), 0xffff);
    CHECK(parse_inside_packet(out.data(), out.size()).has_value());
  }
}

UNIT_TEST("packet too big names the MTU, goes to the sender and has the right checksum") {
  Random random(4);
  for (size_t size : {48, 61, 1232, 1233, 1401, 9000}) {
    Bytes packet = samples::ipv6_packet(size, 2, 9);
    for (size_t i = 40; i < size; i++) packet[i] = random.byte();
    const Bytes out = too_big_for(packet, 1300);
    const size_t quote = std::min<size_t>(size, 1232);
    REQUIRE(CHECK_EQUAL(out.size(), 48 + quote));
    CHECK(part(out, 8, 24) == part(packet, 24, 40));
    CHECK(part(out, 24, 40) == part(packet, 8, 24));
    CHECK_EQUAL(out[40], 2);
    CHECK_EQUAL(load32(&out[44]), 1300u);
    CHECK(part(out, 48, out.size()) == part(packet, 0, quote));
    // The pseudo header [rfc8200 8.1]: addresses, length, next header.
    Bytes summed = part(out, 8, 40);
    Bytes tail(8);
    store32(&tail[0], static_cast<uint32_t>(8 + quote));
    tail[7] = IPPROTO_ICMPV6;
    summed.insert(summed.end(), tail.begin(), tail.end());
    summed.insert(summed.end(), out.begin() + 40, out.end());
    CHECK_EQUAL(ones_sum(summed), 0xffff);
    CHECK(parse_inside_packet(out.data(), out.size()).has_value());
  }
}

UNIT_TEST("an ICMP error is never answered by another, an echo is") {
  Bytes packet = samples::ipv4_packet(1400, 2, 9);
  packet[9] = IPPROTO_ICMP;
  for (uint8_t type : {uint8_t{0}, uint8_t{8}}) {
    packet[20] = type;
    CHECK(!too_big_for(packet, 1300).empty());
  }
  for (uint8_t type : {uint8_t{3}, uint8_t{4}, uint8_t{11}, uint8_t{12}}) {
    packet[20] = type;
    CHECK(too_big_for(packet, 1300).empty());
  }
  CHECK(too_big_for(part(packet, 0, 1400), 1300).empty());
  packet = samples::ipv6_packet(1400, 2, 9);
  packet[6] = IPPROTO_ICMPV6;
  packet[40] = 128;
  CHECK(!too_big_for(packet, 1300).empty());
  packet[40] = 2;
  CHECK(too_big_for(packet, 1300).empty());
}

}  // namespace wolfguard
