// Super-packets of TCP: what the coalescer joins, the segmenter cuts into the very same packets.
#include <map>

#include "coalescer.h"
#include "random.h"
#include "samples.h"
#include "segmenter.h"
#include "super_packets.h"
#include "unit.h"

namespace wolfguard {
namespace {

/** Source address and port, or all of it where there are none. */
Bytes flow_of(const Bytes& packet) {
  const bool ipv4 = packet[0] >> 4 == 4;
  const size_t from = ipv4 ? 12 : 8, to = ipv4 ? 24 : 44;
  return Bytes(packet.begin() + static_cast<ptrdiff_t>(from),
               packet.begin() + static_cast<ptrdiff_t>(to));
}

samples::TcpSegment segment_of(uint8_t flow, size_t index, size_t size) {
  samples::TcpSegment segment;
  segment.flow = flow;
  segment.sequence = static_cast<uint32_t>(0xfffff000 + index * size);
  segment.ip_id = static_cast<uint16_t>(index);
  segment.payload = Bytes(size, static_cast<uint8_t>(index));
  return segment;
}

void add_all(Coalescer& coalescer, std::vector<Bytes>& packets) {
  for (Bytes& packet : packets) coalescer.add(packet.data(), packet.size());
}

}  // namespace

UNIT_TEST("what the coalescer joins comes back from the segmenter byte by byte, order kept") {
  for (uint64_t seed = 1; seed <= 150; seed++) {
    Random random(seed);
    FakeTun tun;
    Coalescer coalescer(TunQueue(tun.engine_fd(), TunOffload::kTcp));
    std::vector<Bytes> packets;
    struct Flow {
      bool ipv4;
      size_t size, options, index = 0;
      uint32_t sequence;
    };
    std::vector<Flow> flows;
    for (int i = 0; i < 20; i++) {
      flows.push_back({random.one_in(2), 1 + random.below(1400), random.one_in(2) ? 12u : 0u, 0,
                       static_cast<uint32_t>(random.next())});
    }
    const size_t in_use = 1 + random.below(flows.size());
    for (int i = 0; i < 200; i++) {
      const size_t which = random.below(in_use);
      Flow& flow = flows[which];
      samples::TcpSegment segment;
      segment.ipv4 = flow.ipv4;
      segment.flow = static_cast<uint8_t>(which);
      segment.sequence = flow.sequence;
      segment.ip_id = static_cast<uint16_t>(flow.index++);
      segment.options = flow.options;
      segment.payload = random.bytes(random.one_in(10) ? random.below(flow.size + 1) : flow.size);
      if (random.one_in(12)) segment.flags |= 0x08;  // PSH
      if (random.one_in(40)) segment.flags |= 0x01;  // FIN
      if (random.one_in(40)) segment.options ^= 12;  // other headers
      if (random.one_in(40)) segment.sequence += 1;  // a gap
      flow.sequence = segment.sequence + static_cast<uint32_t>(segment.payload.size());
      Bytes packet = segment.encode();
      if (random.one_in(40)) packet.back() ^= 1;  // a wrong checksum stays wrong
      packets.push_back(std::move(packet));
    }
    std::map<Bytes, std::vector<Bytes>> expected, actual;
    for (const Bytes& packet : packets) expected[flow_of(packet)].push_back(packet);
    add_all(coalescer, packets);
    CHECK_EQUAL(coalescer.flush().refused, size_t{0});
    for (const Written& one : read_written(tun)) {
      for (Bytes& packet : cut(one)) actual[flow_of(packet)].push_back(std::move(packet));
    }
    CHECK(actual == expected);
  }
}

UNIT_TEST("a stream of full segments leaves as few super-packets of up to 64 KiB") {
  for (const bool ipv4 : {true, false}) {
    FakeTun tun;
    Coalescer coalescer(TunQueue(tun.engine_fd(), TunOffload::kTcp));
    std::vector<Bytes> packets;
    for (size_t i = 0; i < 100; i++) {
      samples::TcpSegment segment = segment_of(1, i, 1348);
      segment.ipv4 = ipv4;
      packets.push_back(segment.encode());
    }
    add_all(coalescer, packets);
    coalescer.flush();
    const auto out = read_written(tun);
    CHECK_EQUAL(out.size(), size_t{3});
    for (const Written& one : out) {
      CHECK(one.packet.size() <= 65535);
      CHECK_EQUAL(one.header.gso_size, 1348);
      CHECK_EQUAL(one.header.gso_type, ipv4 ? VirtioHeader::kTcp4 : VirtioHeader::kTcp6);
      CHECK_EQUAL(one.header.flags, VirtioHeader::kNeedsChecksum);
    }
  }
}

UNIT_TEST("a packet that is no plain TCP segment passes the coalescer as it is, at every cut") {
  const Bytes tcp4 = segment_of(1, 0, 100).encode();
  samples::TcpSegment six = segment_of(1, 0, 100);
  six.ipv4 = false;
  const Bytes tcp6 = six.encode();
  for (const Bytes& whole : {tcp4, tcp6, samples::ipv4_packet(60, 1, 2)}) {
    for (size_t size = 20; size <= whole.size(); size++) {
      FakeTun tun;
      Coalescer coalescer(TunQueue(tun.engine_fd(), TunOffload::kTcp));
      Bytes packet(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size));
      packet.shrink_to_fit();
      const Bytes before = packet;
      coalescer.add(packet.data(), packet.size());
      coalescer.flush();
      const auto out = read_written(tun);
      REQUIRE(out.size() == 1);
      CHECK(out[0].packet == before);
      CHECK_EQUAL(out[0].header.gso_type, VirtioHeader::kNone);
    }
  }
}

UNIT_TEST("without offload every packet is written at once and alone") {
  FakeTun tun;
  Coalescer coalescer(TunQueue(tun.engine_fd(), TunOffload::kNone));
  std::vector<Bytes> packets;
  for (size_t i = 0; i < 5; i++) packets.push_back(segment_of(1, i, 500).encode());
  add_all(coalescer, packets);
  CHECK(tun.read_all() == packets);
}

UNIT_TEST("the segmenter finishes a checksum that the kernel left to the device") {
  for (const bool ipv4 : {true, false}) {
    samples::TcpSegment segment = segment_of(1, 0, 333);
    segment.ipv4 = ipv4;
    const Bytes whole = segment.encode();
    Written unfinished{{}, whole};
    const size_t ip_size = ipv4 ? 20 : 40;
    unfinished.header.flags = VirtioHeader::kNeedsChecksum;
    unfinished.header.checksum_start = static_cast<uint16_t>(ip_size);
    unfinished.header.checksum_offset = 16;
    const uint16_t pseudo =
        checksum_fold(checksum_pseudo(whole.data(), IPPROTO_TCP, whole.size() - ip_size));
    memcpy(&unfinished.packet[ip_size + 16], &pseudo, 2);
    const auto packets = cut(unfinished);
    REQUIRE(packets.size() == 1);
    CHECK(packets[0] == whole);
  }
}

UNIT_TEST("a virtio header that does not fit its packet is refused") {
  const Bytes whole = segment_of(1, 0, 300).encode();
  for (int field = 0; field < 6; field++) {
    VirtioHeader header;
    header.gso_type = VirtioHeader::kTcp4;
    header.flags = VirtioHeader::kNeedsChecksum;
    header.gso_size = 100;
    header.checksum_start = 20;
    header.checksum_offset = 16;
    Bytes packet = whole;
    if (field == 0) header.gso_size = 0;
    if (field == 1) header.gso_type = 2;
    if (field == 2) header.checksum_start = 0xffff;
    if (field == 3) header.gso_type = VirtioHeader::kTcp6;
    if (field == 4) packet[32] = 0xf0;  // TCP header of 60 bytes …
    if (field == 4) packet.resize(79);  // … that the packet does not hold
    if (field == 5) header.gso_type = VirtioHeader::kNone, header.checksum_offset = 0xfff0;
    packet.shrink_to_fit();
    CHECK(!segment(header, packet.data(), packet.size(), [](uint8_t*, size_t) {}));
  }
}

}  // namespace wolfguard
