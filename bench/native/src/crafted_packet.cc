#include "crafted_packet.h"

#include <netinet/in.h>

#include <cstring>

#include "bytes.h"
#include "checksum.h"

namespace wolfguard::load {

namespace {

constexpr size_t kIpSize = 20, kIcmpSize = 8;
constexpr uint8_t kEchoRequest = 8, kEchoReply = 0;
/** The identifier of our echoes, and words that only our payload begins with. */
constexpr uint16_t kEchoId = 0x6c64;
constexpr uint64_t kMark = 0x6c6f61642d70726f;

void write_ipv4_header(const Address& from, const Address& to, uint8_t protocol, size_t size,
                       uint8_t* out) {
  memset(out, 0, size);
  out[0] = 0x45;
  store16(out + 2, static_cast<uint16_t>(size));
  out[6] = 0x40;  // don't fragment
  out[8] = 64;
  out[9] = protocol;
  memcpy(out + 12, from.data() + 12, 4);
  memcpy(out + 16, to.data() + 12, 4);
  write_ipv4_checksum(out);
}

}  // namespace

void make_echo_request(const Address& from, const Address& to, int64_t now_ns,
                       uint8_t out[kEchoSize]) {
  write_ipv4_header(from, to, IPPROTO_ICMP, kEchoSize, out);
  uint8_t* icmp = out + kIpSize;
  icmp[0] = kEchoRequest;
  store16(icmp + 4, kEchoId);
  store64(icmp + kIcmpSize, kMark);
  store64(icmp + kIcmpSize + 8, static_cast<uint64_t>(now_ns));
  const auto sum = static_cast<uint16_t>(~checksum_fold(checksum_add(icmp, kEchoSize - kIpSize)));
  memcpy(icmp + 2, &sum, sizeof sum);
}

std::optional<int64_t> echo_reply_origin(const uint8_t* packet, size_t size) {
  if (size != kEchoSize || packet[0] != 0x45 || packet[9] != IPPROTO_ICMP) return std::nullopt;
  const uint8_t* icmp = packet + kIpSize;
  if (icmp[0] != kEchoReply || load16(icmp + 4) != kEchoId || load64(icmp + kIcmpSize) != kMark) {
    return std::nullopt;
  }
  return static_cast<int64_t>(load64(icmp + kIcmpSize + 8));
}

void make_small_udp(const Address& from, const Address& to, uint16_t port,
                    uint8_t out[kSmallPacketSize]) {
  write_ipv4_header(from, to, IPPROTO_UDP, kSmallPacketSize, out);
  store16(out + kIpSize, port);
  store16(out + kIpSize + 2, port);
  store16(out + kIpSize + 4, kSmallPacketSize - kIpSize);
  // As every system's sockets do; without one nothing on the way may join it with others.
  write_transport_checksum(out, kSmallPacketSize, kIpSize, IPPROTO_UDP);
}

bool is_udp_to(const uint8_t* packet, size_t size, uint16_t port) {
  return size >= kIpSize + 8 && packet[0] == 0x45 && packet[9] == IPPROTO_UDP &&
         load16(packet + kIpSize + 2) == port;
}

}  // namespace wolfguard::load
