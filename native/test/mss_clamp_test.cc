#include "mss_clamp.h"

#include "random.h"
#include "samples.h"
#include "unit.h"

namespace wolfguard {
namespace {

constexpr uint8_t kSyn = 0x02, kSynAck = 0x12, kAck = 0x10;

Bytes packet_of(bool ipv4, uint8_t flags, const Bytes& options) {
  samples::TcpSegment segment;
  segment.ipv4 = ipv4;
  segment.flags = flags;
  segment.options = (options.size() + 3) / 4 * 4;
  segment.option_bytes = options;
  return segment.encode();
}

Bytes clamped(Bytes packet, uint32_t mtu) {
  packet.shrink_to_fit();
  const auto parsed = parse_inside_packet(packet.data(), packet.size());
  if (!parsed) return {};
  clamp_mss(packet.data(), packet.size(), *parsed, mtu);
  return packet;
}

Bytes mss(uint16_t value) {
  return {2, 4, static_cast<uint8_t>(value >> 8), static_cast<uint8_t>(value)};
}

}  // namespace

UNIT_TEST("the MSS of a SYN and of its answer falls to what the tunnel takes, in both families") {
  for (const uint8_t flags : {kSyn, kSynAck}) {
    CHECK(clamped(packet_of(true, flags, mss(1460)), 1434) == packet_of(true, flags, mss(1394)));
    CHECK(clamped(packet_of(false, flags, mss(1440)), 1434) == packet_of(false, flags, mss(1374)));
  }
}

UNIT_TEST("an MSS is never raised, and none is added") {
  for (const bool ipv4 : {true, false}) {
    for (const Bytes& options : {mss(536), mss(1374), mss(0), Bytes{}, Bytes{1, 1, 1, 1}}) {
      const Bytes packet = packet_of(ipv4, kSyn, options);
      CHECK(clamped(packet, 1434) == packet);
    }
  }
}

UNIT_TEST("the checksum stays right wherever the option stands, at odd places too") {
  Bytes options = {1, 3, 3, 7, 4, 2};  // window scale and permission of SACK
  for (int more = 0; more < 3; more++) {
    options.insert(options.begin(), 1);
    Bytes before = options, after = options;
    for (const uint8_t byte : mss(8960)) before.push_back(byte);
    for (const uint8_t byte : mss(1260)) after.push_back(byte);
    CHECK(clamped(packet_of(true, kSyn, before), 1300) == packet_of(true, kSyn, after));
  }
}

UNIT_TEST("a damaged checksum stays damaged") {
  Bytes packet = packet_of(true, kSyn, mss(1460)), expected = packet_of(true, kSyn, mss(1260));
  for (Bytes* each : {&packet, &expected}) {
    uint8_t* field = each->data() + 20 + 16;
    store16(field, static_cast<uint16_t>(load16(field) - 0x0101));
  }
  CHECK(clamped(packet, 1300) == expected);
}

UNIT_TEST("what is no SYN passes as it came, and so does a fragment that only looks like one") {
  const Bytes ack = packet_of(true, kAck, mss(1460));
  CHECK(clamped(ack, 1300) == ack);
  Bytes fragment = packet_of(true, kSyn, mss(1460));
  store16(&fragment[6], 8);
  CHECK(clamped(fragment, 1300) == fragment);
  Bytes datagram = packet_of(true, kSyn, mss(1460));
  datagram[9] = IPPROTO_UDP;
  CHECK(clamped(datagram, 1300) == datagram);
}

UNIT_TEST("broken options are left alone, cut at any byte") {
  for (const Bytes& options :
       {Bytes{2, 0, 5, 180}, Bytes{2, 1, 5, 180}, Bytes{2, 3, 5, 180}, Bytes{2, 5, 5, 180, 1, 1, 1},
        Bytes{1, 1, 2, 4}, Bytes{1, 1, 1, 2}, Bytes{1, 2, 4, 5}, Bytes{3, 40, 2, 4, 5, 180, 1, 1},
        Bytes{0, 0, 0, 0, 2, 4, 5, 180}}) {
    const Bytes packet = packet_of(true, kSyn, options);
    CHECK(clamped(packet, 1300) == packet);
  }
  const Bytes whole = packet_of(true, kSyn, mss(1460));
  for (size_t size = 20; size < whole.size(); size++) {
    Bytes cut(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size));
    store16(&cut[2], static_cast<uint16_t>(size));
    CHECK(clamped(cut, 1300) == cut);
  }
  Bytes short_header = whole;
  short_header[20 + 12] = 0x40;
  CHECK(clamped(short_header, 1300) == short_header);
}

UNIT_TEST("an MTU without room for the headers changes nothing") {
  const Bytes packet = packet_of(true, kSyn, mss(1460));
  for (const uint32_t mtu : {0u, 39u, 40u}) CHECK(clamped(packet, mtu) == packet);
}

}  // namespace wolfguard
