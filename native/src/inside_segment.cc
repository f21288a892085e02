#include "inside_segment.h"

#include <netinet/in.h>

#include "checksum.h"

namespace wolfguard {

namespace {

constexpr size_t kIpv4HeaderSize = 20, kIpv6HeaderSize = 40;
constexpr size_t kTcpHeaderSize = 20, kUdpHeaderSize = 8;
constexpr uint8_t kAck = 0x10, kPush = 0x08;
constexpr uint8_t kDontFragment = 0x40;

bool parse_tcp(const uint8_t* tcp, size_t size, InsideSegment* segment) {
  if (size < kTcpHeaderSize) return false;
  const size_t tcp_size = (tcp[12] >> 4) * 4u;
  if (tcp_size < kTcpHeaderSize || tcp_size > size) return false;
  segment->headers_size = segment->ip_size + tcp_size;
  segment->payload_size = size - tcp_size;
  segment->sequence = load32(tcp + 4);
  segment->pushes = (tcp[13] & kPush) != 0;
  segment->joinable = (tcp[13] & ~kPush) == kAck && segment->payload_size > 0;
  segment->bare_ack = tcp[13] == kAck && segment->payload_size == 0;
  return true;
}

bool parse_udp(const uint8_t* udp, size_t size, InsideSegment* segment) {
  if (size < kUdpHeaderSize || load16(udp + 4) != size) return false;
  segment->headers_size = segment->ip_size + kUdpHeaderSize;
  segment->payload_size = size - kUdpHeaderSize;
  segment->sequence = 0;
  segment->pushes = false;
  segment->bare_ack = false;
  // Cut again, each datagram would get a checksum.
  segment->joinable = segment->payload_size > 0 && load16(udp + 6) != 0;
  return true;
}

/** Cut again, identifications count up; where nothing may become fragments they mean nothing
 * [rfc6864 4.1]. */
bool identification_follows(const uint8_t* first, size_t packets, const uint8_t* packet) {
  return (first[6] & kDontFragment) != 0 ||
         load16(packet + 4) == static_cast<uint16_t>(load16(first + 4) + packets);
}

}  // namespace

bool parse_segment(const uint8_t* packet, size_t size, InsideSegment* segment) {
  if (size < kIpv4HeaderSize) return false;
  segment->ipv4 = packet[0] == 0x45;
  if (segment->ipv4) {
    // 0xbfff: all of fragmentation but DF. A wrong checksum must stay wrong.
    if (load16(packet + 2) != size || (load16(packet + 6) & 0xbfff) != 0 ||
        checksum_fold(checksum_add(packet, kIpv4HeaderSize)) != 0xffff) {
      return false;
    }
    segment->ip_size = kIpv4HeaderSize;
    segment->protocol = packet[9];
  } else {
    if (packet[0] >> 4 != 6 || size < kIpv6HeaderSize ||
        load16(packet + 4) + kIpv6HeaderSize != size) {
      return false;
    }
    segment->ip_size = kIpv6HeaderSize;
    segment->protocol = packet[6];
  }
  const uint8_t* transport = packet + segment->ip_size;
  const size_t transport_size = size - segment->ip_size;
  if (segment->protocol == IPPROTO_TCP) return parse_tcp(transport, transport_size, segment);
  if (segment->protocol == IPPROTO_UDP) return parse_udp(transport, transport_size, segment);
  return false;
}

bool transport_checksum_is_right(const uint8_t* packet, const InsideSegment& segment) {
  const size_t size = segment.headers_size - segment.ip_size + segment.payload_size;
  return checksum_fold(checksum_add(packet + segment.ip_size, size,
                                    checksum_pseudo(packet, segment.protocol, size))) == 0xffff;
}

bool same_flow(const uint8_t* a, const InsideSegment& first, const uint8_t* b,
               const InsideSegment& second) {
  if (first.ip_size != second.ip_size || first.protocol != second.protocol) return false;
  const size_t addresses = first.ipv4 ? 12 : 8;
  // Addresses and ports stand side by side: no IP options.
  return memcmp(a + addresses, b + addresses, first.ip_size - addresses + 4) == 0;
}

bool same_service(const uint8_t* a, const uint8_t* b) {
  return a[0] >> 4 == 4 ? a[1] == b[1] && a[8] == b[8] && memcmp(a + 6, b + 6, 2) == 0
                        : memcmp(a, b, 4) == 0 && a[7] == b[7];
}

bool same_hosts(const uint8_t* a, const uint8_t* b) {
  if (a[0] >> 4 != b[0] >> 4) return false;
  return a[0] >> 4 == 4 ? memcmp(a + 12, b + 12, 8) == 0 : memcmp(a + 8, b + 8, 32) == 0;
}

bool follows(const uint8_t* first, const InsideSegment& head, size_t packets, size_t payload_size,
             const uint8_t* packet, const InsideSegment& segment) {
  if (segment.payload_size > head.payload_size || segment.headers_size != head.headers_size ||
      !same_service(first, packet) ||
      (head.ipv4 && !identification_follows(first, packets, packet))) {
    return false;
  }
  if (head.protocol == IPPROTO_UDP) return true;
  const uint8_t* a = first + head.ip_size;
  const uint8_t* b = packet + segment.ip_size;
  // Acknowledgement, data offset, window, urgent pointer and options.
  return segment.sequence == head.sequence + static_cast<uint32_t>(payload_size) &&
         memcmp(a + 8, b + 8, 5) == 0 && memcmp(a + 14, b + 14, 2) == 0 &&
         memcmp(a + 18, b + 18, segment.headers_size - segment.ip_size - 18) == 0;
}

}  // namespace wolfguard
