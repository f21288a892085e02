#include "segmenter.h"

namespace wolfguard::segmenter {

namespace {

constexpr size_t kIpv6HeaderSize = 40, kTcpHeaderSize = 20, kUdpHeaderSize = 8;
constexpr uint8_t kFin = 0x01, kPush = 0x08, kCwr = 0x80;

void write_tcp_header(const Template& headers, size_t index, size_t at, bool last, uint8_t* tcp) {
  store32(tcp + 4, load32(headers.bytes + headers.ip_size + 4) + static_cast<uint32_t>(at));
  if (!last) tcp[13] &= static_cast<uint8_t>(~(kFin | kPush));
  if (index > 0) tcp[13] &= static_cast<uint8_t>(~kCwr);
}

}  // namespace

bool take_template(const VirtioHeader& header, const uint8_t* packet, size_t size, Template* out) {
  const uint8_t type = header.gso_type & ~VirtioHeader::kEcn;
  const bool udp = type == VirtioHeader::kUdp;
  if (!udp && type != VirtioHeader::kTcp4 && type != VirtioHeader::kTcp6) return false;
  const size_t ip_size = header.checksum_start;
  const size_t least = udp ? kUdpHeaderSize : kTcpHeaderSize;
  if (header.gso_size == 0 || ip_size < 20 || ip_size + least > size) return false;
  const size_t transport_size = udp ? kUdpHeaderSize : (packet[ip_size + 12] >> 4) * 4u;
  out->protocol = udp ? IPPROTO_UDP : IPPROTO_TCP;
  out->ip_size = ip_size;
  out->headers_size = ip_size + transport_size;
  out->ipv4 = udp ? packet[0] >> 4 == 4 : type == VirtioHeader::kTcp4;
  if (transport_size < least || out->headers_size >= size ||
      out->headers_size > Template::kMaxHeaders || packet[0] >> 4 != (out->ipv4 ? 4 : 6) ||
      (out->ipv4 ? ip_size != (packet[0] & 15) * 4u : ip_size < kIpv6HeaderSize)) {
    return false;
  }
  memcpy(out->bytes, packet, out->headers_size);
  return true;
}

void write_headers(const Template& headers, size_t index, size_t at, size_t payload_size, bool last,
                   uint8_t* out) {
  memcpy(out, headers.bytes, headers.headers_size);
  const size_t size = headers.headers_size + payload_size;
  if (headers.ipv4) {
    store16(out + 2, static_cast<uint16_t>(size));
    store16(out + 4, static_cast<uint16_t>(load16(headers.bytes + 4) + index));
    write_ipv4_checksum(out);
  } else {
    store16(out + 4, static_cast<uint16_t>(size - kIpv6HeaderSize));
  }
  if (headers.protocol == IPPROTO_UDP) {
    store16(out + headers.ip_size + 4, static_cast<uint16_t>(size - headers.ip_size));
  } else {
    write_tcp_header(headers, index, at, last, out + headers.ip_size);
  }
  write_transport_checksum(out, size, headers.ip_size, headers.protocol);
}

bool finish_checksum(const VirtioHeader& header, uint8_t* packet, size_t size) {
  const size_t start = header.checksum_start, at = start + header.checksum_offset;
  if (start >= size || at + 2 > size) return false;
  auto sum = static_cast<uint16_t>(~checksum_fold(checksum_add(packet + start, size - start)));
  // To UDP zero means "no checksum" [rfc768].
  if (sum == 0 && header.checksum_offset == transport_checksum_offset(IPPROTO_UDP)) sum = 0xffff;
  memcpy(packet + at, &sum, sizeof sum);
  return true;
}

}  // namespace wolfguard::segmenter
