#include "samples.h"

#include <algorithm>

namespace wolfguard::samples {

namespace {

void append(Bytes* out, const Bytes& more) { out->insert(out->end(), more.begin(), more.end()); }

void append16(Bytes* out, size_t value) {
  out->push_back(static_cast<uint8_t>(value >> 8));
  out->push_back(static_cast<uint8_t>(value));
}

void append24(Bytes* out, size_t value) {
  out->push_back(static_cast<uint8_t>(value >> 16));
  append16(out, value & 0xffff);
}

/** Of the transport header at `ip_size`, whose field is zero [rfc768, rfc9293 3.1]. */
uint16_t transport_checksum(const Bytes& packet, size_t ip_size, uint8_t protocol) {
  const size_t addresses = ip_size == 20 ? 12 : 8;
  Bytes summed(packet.begin() + static_cast<ptrdiff_t>(addresses), packet.end());
  append16(&summed, packet.size() - ip_size);
  if (summed.size() % 2 != 0) summed.insert(summed.end() - 2, 0);
  append16(&summed, protocol);
  return static_cast<uint16_t>(~ones_sum(summed.data(), summed.size()));
}

int digit(char c) { return c <= '9' ? c - '0' : c - 'a' + 10; }

}  // namespace

Bytes Hello::encode() const {
  Bytes body = {0xfe, 0xfd};
  body.insert(body.end(), random.begin(), random.end());
  body.push_back(static_cast<uint8_t>(session_id.size()));
  append(&body, session_id);
  body.push_back(static_cast<uint8_t>(cookie.size()));
  append(&body, cookie);
  append(&body, from_hex("0010"                              // eight suites:
                         "00a9ccabc0a5008d00a8c0a4008c00ae"  // PSK-AES256-GCM first
                         "0100"));                           // no compression
  Bytes extensions = from_hex(
      "000d00220020"  // signature_algorithms: sixteen
      "04010809080404030807050108050503080a0601080606030808020102030402"
      "00230000"        // session_ticket
      "ff01000100"      // renegotiation_info
      "001c00024000");  // record_size_limit
  if (!app_id_extension.empty()) {
    append16(&extensions, 48018);
    append16(&extensions, app_id_extension.size() + 1);
    extensions.push_back(static_cast<uint8_t>(app_id_extension.size()));
    append(&extensions, app_id_extension);
  }
  append16(&body, extensions.size());
  append(&body, extensions);

  Bytes out = from_hex(
      "16feff"
      "0000000000000000");
  append16(&out, 12 + body.size());
  out.push_back(1);  // ClientHello
  append24(&out, body.size());
  append16(&out, 0);
  append24(&out, 0);
  append24(&out, body.size());
  append(&out, body);
  return out;
}

Bytes cstp_frame(uint8_t type, const Bytes& payload) {
  Bytes out = {'S', 'T', 'F', 1};
  append16(&out, payload.size());
  out.push_back(type);
  out.push_back(0);
  append(&out, payload);
  return out;
}

Bytes ipv4_packet(size_t size, uint8_t source_last, uint8_t destination_last) {
  Bytes packet(size);
  packet[0] = 0x45;
  store16(&packet[2], static_cast<uint16_t>(size));
  packet[8] = 64;
  packet[9] = 17;
  const uint8_t source[4] = {10, 77, 0, source_last};
  const uint8_t destination[4] = {10, 77, 0, destination_last};
  memcpy(&packet[12], source, 4);
  memcpy(&packet[16], destination, 4);
  return packet;
}

Bytes ipv6_packet(size_t size, uint8_t source_last, uint8_t destination_last) {
  Bytes packet(size);
  packet[0] = 0x60;
  store16(&packet[4], static_cast<uint16_t>(size - 40));
  packet[6] = 17;
  packet[7] = 64;
  packet[8] = packet[24] = 0xfd;
  packet[23] = source_last;
  packet[39] = destination_last;
  return packet;
}

Bytes TcpSegment::encode() const {
  const size_t ip_size = ipv4 ? 20 : 40, tcp_size = 20 + options;
  const size_t size = ip_size + tcp_size + payload.size();
  const uint8_t last = static_cast<uint8_t>(2 + flow);
  Bytes packet = ipv4 ? ipv4_packet(size, last, 1) : ipv6_packet(size, last, 1);
  packet[ipv4 ? 9 : 6] = 6;
  uint8_t* tcp = &packet[ip_size];
  store16(tcp, static_cast<uint16_t>(40000 + flow));
  store16(tcp + 2, 443);
  store32(tcp + 4, sequence);
  store32(tcp + 8, acknowledged);
  tcp[12] = static_cast<uint8_t>(tcp_size / 4 << 4);
  tcp[13] = flags;
  store16(tcp + 14, 501);
  for (size_t i = 0; i < options; i++) tcp[20 + i] = 1;  // no operation
  std::copy(option_bytes.begin(), option_bytes.end(), tcp + 20);
  std::copy(payload.begin(), payload.end(), tcp + tcp_size);
  if (ipv4) {
    store16(&packet[4], ip_id);
    packet[6] = 0x40;
    store16(&packet[10], static_cast<uint16_t>(~ones_sum(&packet[0], 20)));
  }
  store16(tcp + 16, transport_checksum(packet, ip_size, 6));
  return packet;
}

Bytes UdpDatagram::encode() const {
  const size_t ip_size = ipv4 ? 20 : 40, size = ip_size + 8 + payload.size();
  const uint8_t last = static_cast<uint8_t>(2 + flow);
  Bytes packet = ipv4 ? ipv4_packet(size, last, 1) : ipv6_packet(size, last, 1);
  uint8_t* udp = &packet[ip_size];
  store16(udp, static_cast<uint16_t>(40000 + flow));
  store16(udp + 2, 443);
  store16(udp + 4, static_cast<uint16_t>(8 + payload.size()));
  std::copy(payload.begin(), payload.end(), udp + 8);
  if (ipv4) {
    packet[1] = traffic_class;
    store16(&packet[4], ip_id);
    packet[6] = dont_fragment ? 0x40 : 0;
    packet[8] = ttl;
    store16(&packet[10], static_cast<uint16_t>(~ones_sum(&packet[0], 20)));
  } else {
    packet[0] |= traffic_class >> 4;
    packet[1] = static_cast<uint8_t>(traffic_class << 4);
    packet[7] = ttl;
  }
  if (has_checksum) {
    const uint16_t sum = transport_checksum(packet, ip_size, 17);
    store16(udp + 6, sum == 0 ? 0xffff : sum);
  }
  return packet;
}

uint16_t ones_sum(const uint8_t* data, size_t size) {
  uint32_t sum = 0;
  for (size_t i = 0; i < size; i++) sum += i % 2 == 0 ? data[i] << 8 : data[i];
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(sum);
}

Bytes from_hex(const char* hex) {
  Bytes out;
  for (; hex[0] != 0 && hex[1] != 0; hex += 2) {
    out.push_back(static_cast<uint8_t>(digit(hex[0]) << 4 | digit(hex[1])));
  }
  return out;
}

Endpoint endpoint(uint8_t last, uint16_t port) {
  const uint8_t bytes[4] = {192, 0, 2, last};
  return {map_ipv4(bytes), port};
}

}  // namespace wolfguard::samples
