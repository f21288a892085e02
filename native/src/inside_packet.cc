#include "inside_packet.h"

#include <netinet/in.h>

#include "checksum.h"

namespace wolfguard {

namespace {

constexpr size_t kIpv4HeaderSize = 20, kIpv6HeaderSize = 40;
/** The quoted packet: as much as fits 576 bytes (IPv4) and 1280 bytes (IPv6) [rfc1812, rfc4443]. */
constexpr size_t kMaxIpv4Quote = 576 - kIpv4HeaderSize - 8;
constexpr size_t kMaxIpv6Quote = 1280 - kIpv6HeaderSize - 8;
constexpr uint8_t kHopLimit = 64;

/** Sums `size` bytes from `data`, whose checksum field is zero, on top of `start`. */
void store_checksum(uint8_t* field, const uint8_t* data, size_t size, uint64_t start = 0) {
  const auto sum = static_cast<uint16_t>(~checksum_fold(checksum_add(data, size, start)));
  memcpy(field, &sum, sizeof sum);
}

bool is_icmp_error(const uint8_t* packet, size_t size, const InsidePacket& parsed) {
  if (parsed.version == 4 && parsed.protocol == IPPROTO_ICMP) {
    const size_t header = (packet[0] & 15) * 4u;
    const uint8_t type = size > header ? packet[header] : 3;
    return type != 0 && type != 8;  // anything but echo
  }
  if (parsed.version == 6 && parsed.protocol == IPPROTO_ICMPV6) {
    return size <= kIpv6HeaderSize || packet[kIpv6HeaderSize] < 128;
  }
  return false;
}

size_t make_too_big4(const uint8_t* packet, size_t size, uint32_t mtu, uint8_t* out) {
  const size_t quote = std::min(size, kMaxIpv4Quote);
  const size_t total = kIpv4HeaderSize + 8 + quote;
  memset(out, 0, kIpv4HeaderSize + 8);
  out[0] = 0x45;
  store16(out + 2, static_cast<uint16_t>(total));
  out[8] = kHopLimit;
  out[9] = IPPROTO_ICMP;
  memcpy(out + 12, packet + 16, 4);
  memcpy(out + 16, packet + 12, 4);
  write_ipv4_checksum(out);
  uint8_t* icmp = out + kIpv4HeaderSize;
  icmp[0] = 3;  // destination unreachable
  icmp[1] = 4;  // fragmentation needed [rfc1191 4]
  store16(icmp + 6, static_cast<uint16_t>(mtu));
  memcpy(icmp + 8, packet, quote);
  store_checksum(icmp + 2, icmp, 8 + quote);
  return total;
}

size_t make_too_big6(const uint8_t* packet, size_t size, uint32_t mtu, uint8_t* out) {
  const size_t quote = std::min(size, kMaxIpv6Quote);
  memset(out, 0, kIpv6HeaderSize + 8);
  out[0] = 0x60;
  store16(out + 4, static_cast<uint16_t>(8 + quote));
  out[6] = IPPROTO_ICMPV6;
  out[7] = kHopLimit;
  memcpy(out + 8, packet + 24, 16);
  memcpy(out + 24, packet + 8, 16);
  uint8_t* icmp = out + kIpv6HeaderSize;
  icmp[0] = 2;  // packet too big [rfc4443 3.2]
  store32(icmp + 4, mtu);
  memcpy(icmp + 8, packet, quote);
  store_checksum(icmp + 2, icmp, 8 + quote, checksum_pseudo(out, IPPROTO_ICMPV6, 8 + quote));
  return kIpv6HeaderSize + 8 + quote;
}

}  // namespace

std::optional<InsidePacket> parse_inside_packet(const uint8_t* packet, size_t size) {
  if (size < kIpv4HeaderSize) return std::nullopt;
  InsidePacket parsed;
  parsed.version = packet[0] >> 4;
  if (parsed.version == 4) {
    const size_t header = (packet[0] & 15) * 4u, total = load16(packet + 2);
    if (header < kIpv4HeaderSize || total < header || total > size) return std::nullopt;
    parsed.source = map_ipv4(packet + 12);
    parsed.destination = map_ipv4(packet + 16);
    parsed.protocol = packet[9];
    parsed.dont_fragment = (packet[6] & 0x40) != 0;
    return parsed;
  }
  if (parsed.version == 6) {
    if (size < kIpv6HeaderSize || kIpv6HeaderSize + load16(packet + 4) > size) return std::nullopt;
    memcpy(parsed.source.data(), packet + 8, 16);
    memcpy(parsed.destination.data(), packet + 24, 16);
    parsed.protocol = packet[6];
    parsed.dont_fragment = true;
    return parsed;
  }
  return std::nullopt;
}

bool is_from_own_link(const InsidePacket& packet) {
  if (packet.version != 6) return false;
  return packet.source == Address{} ||
         (packet.source[0] == 0xfe && (packet.source[1] & 0xc0) == 0x80);
}

bool is_real_data(const InsidePacket& packet) {
  return packet.version == 4
             ? packet.protocol != IPPROTO_ICMP && packet.protocol != IPPROTO_IGMP
             : packet.protocol != IPPROTO_ICMPV6 && packet.protocol != IPPROTO_HOPOPTS;
}

size_t make_too_big(const uint8_t* packet, size_t size, const InsidePacket& parsed, uint32_t mtu,
                    uint8_t* out) {
  if (is_icmp_error(packet, size, parsed)) return 0;
  return parsed.version == 4 ? make_too_big4(packet, size, mtu, out)
                             : make_too_big6(packet, size, mtu, out);
}

}  // namespace wolfguard
