#include "fuzz_packets.h"

#include <map>

#include "checksum.h"
#include "coalescer.h"
#include "inside_packet.h"
#include "mutate.h"
#include "outbound.h"
#include "samples.h"
#include "segmenter.h"
#include "super_packets.h"

namespace wolfguard::fuzz {

namespace {

/** More than fit the coalescer's trains several times over. */
constexpr size_t kMostPackets = 200;

Bytes any_datagram(Random& random) {
  samples::UdpDatagram datagram;
  datagram.ipv4 = random.one_in(2);
  datagram.dont_fragment = !random.one_in(4);
  datagram.ip_id = static_cast<uint16_t>(random.below(3));
  datagram.has_checksum = !random.one_in(16);
  datagram.payload = random.bytes(random.one_in(4) ? random.below(200) : 100);
  return datagram.encode();
}

/** Protocol, addresses and what stands where ports would: of such packets the order is kept. */
Bytes flow_of(const Bytes& packet) {
  const bool ipv4 = packet[0] >> 4 == 4;
  const size_t from = ipv4 ? 12 : 8, to = std::min<size_t>(ipv4 ? 24 : 44, packet.size());
  Bytes flow = {packet[0], packet[ipv4 ? 9 : 6]};
  flow.insert(flow.end(), packet.begin() + static_cast<ptrdiff_t>(from),
              packet.begin() + static_cast<ptrdiff_t>(to));
  return flow;
}

/**
 * Without what no receiver minds: identifications where nothing may become fragments
 * [rfc6864 4.1], and that both zeros of a sum are right for TCP.
 */
Bytes comparable(Bytes packet) {
  const bool ipv4 = packet[0] == 0x45;
  const size_t tcp_checksum = (ipv4 ? 20 : 40) + 16;
  if (packet[ipv4 ? 9 : 6] == 6 && packet.size() >= tcp_checksum + 2 &&
      load16(&packet[tcp_checksum]) == 0xffff) {
    store16(&packet[tcp_checksum], 0);
  }
  if (ipv4 && packet[6] == 0x40 && checksum_fold(checksum_add(packet.data(), 20)) == 0xffff) {
    store16(&packet[4], 0);
    write_ipv4_checksum(packet.data());
  }
  return packet;
}

}  // namespace

Bytes any_segment(Random& random) {
  if (random.one_in(2)) return any_datagram(random);
  samples::TcpSegment segment;
  segment.ipv4 = random.one_in(2);
  segment.sequence = static_cast<uint32_t>(random.below(4) * 100);
  segment.payload = random.bytes(random.one_in(4) ? random.below(200) : 100);
  if (random.one_in(6)) segment.flags |= 0x08;
  return segment.encode();
}

int fuzz_joining(Random& random) {
  FakeTun tun;
  Coalescer coalescer(TunQueue(tun.engine_fd(), TunOffload::kTcpAndUdp));
  std::map<Bytes, std::vector<Bytes>> expected, actual;
  std::vector<Bytes> packets;
  for (size_t i = 2 + random.below(kMostPackets); i > 0; i--) {
    Bytes packet = any_segment(random);
    if (random.one_in(3)) packet = mutate(random, packet, packets.empty() ? packet : packets[0]);
    packet.shrink_to_fit();
    if (!parse_inside_packet(packet.data(), packet.size())) continue;
    expected[flow_of(packet)].push_back(comparable(packet));
    packets.push_back(std::move(packet));
  }
  for (Bytes& packet : packets) coalescer.add(packet.data(), packet.size());
  require(coalescer.flush().refused == 0, "the device has refused packets");
  for (const Written& one : read_written(tun)) {
    for (Bytes& packet : cut(one)) actual[flow_of(packet)].push_back(comparable(std::move(packet)));
  }
  require(actual == expected, "joining has changed a flow");
  return static_cast<int>(packets.size());
}

int fuzz_super_packets(Random& random) {
  samples::TcpSegment segment;
  segment.ipv4 = random.one_in(2);
  segment.options = random.one_in(2) ? 12 : 0;
  segment.payload = random.bytes(1 + random.below(9000));
  samples::UdpDatagram datagram;
  datagram.ipv4 = segment.ipv4;
  datagram.payload = segment.payload;
  const bool udp = random.one_in(2);
  VirtioHeader header;
  header.flags = VirtioHeader::kNeedsChecksum;
  header.gso_type = udp            ? VirtioHeader::kUdp
                    : segment.ipv4 ? VirtioHeader::kTcp4
                                   : VirtioHeader::kTcp6;
  header.gso_size = static_cast<uint16_t>(1 + random.below(1500));
  header.checksum_start = segment.ipv4 ? 20 : 40;
  header.checksum_offset = udp ? 6 : 16;
  Bytes packet = udp ? datagram.encode() : segment.encode();
  if (random.one_in(2)) packet = mutate(random, packet, packet);
  if (random.one_in(3)) {
    Bytes bad(sizeof header);
    memcpy(bad.data(), &header, sizeof header);
    bad = mutate(random, bad, bad);
    bad.resize(sizeof header);
    memcpy(&header, bad.data(), sizeof header);
  }
  // The headroom belongs to each callee in its turn.
  Bytes room(kHeadroom);
  room.insert(room.end(), packet.begin(), packet.end());
  room.shrink_to_fit();
  size_t payload = 0;
  wolfguard::segment(header, room.data() + kHeadroom, packet.size(),
                     [&](uint8_t* part, size_t size) {
                       memset(part - kHeadroom, 0xee, kHeadroom);
                       memset(part, 0xee, size);
                       payload += size;
                     });
  return 1;
}

}  // namespace wolfguard::fuzz
