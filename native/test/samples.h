// Well-formed input, built byte by byte from the protocol's tables: what tests compare with and
// what the fuzzers mutate.
#pragma once

#include "bytes.h"
#include "dtls_hello.h"
#include "endpoint.h"

namespace wolfguard::samples {

/** The ClientHello of openconnect 9.01 [oc 8.2]; 168 bytes without a cookie. */
struct Hello {
  std::array<uint8_t, 32> random{};
  Bytes session_id = Bytes(32, 0);
  Bytes cookie;
  /** Payload of extension 48018; no extension when empty. */
  Bytes app_id_extension;

  Bytes encode() const;
};

/** A frame on the TLS channel [oc 6.1]. */
Bytes cstp_frame(uint8_t type, const Bytes& payload);

/** IPv4 or IPv6 packets of that many bytes, all lengths right; protocol 17 (UDP). */
Bytes ipv4_packet(size_t size, uint8_t source_last, uint8_t destination_last);
Bytes ipv6_packet(size_t size, uint8_t source_last, uint8_t destination_last);

/** The Internet checksum's sum the slow way [rfc1071]; 0xffff over what bears its checksum. */
uint16_t ones_sum(const uint8_t* data, size_t size);

/** One TCP segment; addresses of the family and ports follow from `flow`. */
struct TcpSegment {
  bool ipv4 = true;
  uint8_t flow = 0;
  uint32_t sequence = 0, acknowledged = 7777;
  uint16_t ip_id = 0;
  /** ACK. */
  uint8_t flags = 0x10;
  /** A multiple of 4: as many bytes of options. */
  size_t options = 0;
  /** They begin with these and end with no-operations. */
  Bytes option_bytes;
  Bytes payload;

  /** The whole packet with right checksums. */
  Bytes encode() const;
};

/** One UDP datagram; addresses of the family and ports follow from `flow`. */
struct UdpDatagram {
  bool ipv4 = true;
  uint8_t flow = 0;
  uint16_t ip_id = 0;
  bool dont_fragment = true;
  uint8_t ttl = 64;
  uint8_t traffic_class = 0;
  /** false: 0, which says that there is none. */
  bool has_checksum = true;
  Bytes payload;

  /** The whole packet with right checksums. */
  Bytes encode() const;
};

Bytes from_hex(const char* hex);

/** 192.0.2.LAST and its port. */
Endpoint endpoint(uint8_t last, uint16_t port);

}  // namespace wolfguard::samples
