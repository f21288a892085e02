// The Internet checksum [rfc1071] over many bytes: sums are kept wide and folded once.
#pragma once

#include <cstddef>
#include <cstdint>

#include "bytes.h"

namespace wolfguard {

/** Adds the bytes as words in memory order to `sum`; only the last part may be of odd size. */
uint64_t checksum_add(const uint8_t* data, size_t size, uint64_t sum = 0);

/** The 16-bit sum, not inverted; storing it with memcpy keeps the order of the words. */
inline uint16_t checksum_fold(uint64_t sum) {
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(sum);
}

/** The sum of the TCP or UDP pseudo header of this packet; `size` counts from its header on. */
uint64_t checksum_pseudo(const uint8_t* packet, uint8_t protocol, size_t size);

/** Writes the header checksum of an IPv4 packet. */
void write_ipv4_checksum(uint8_t* packet);

/** Where in a TCP (IPPROTO_TCP) or UDP header its checksum stands. */
constexpr size_t transport_checksum_offset(uint8_t protocol) { return protocol == 6 ? 16 : 6; }

/** Writes the checksum of the TCP or UDP header that begins at `ip_size` of a packet. */
void write_transport_checksum(uint8_t* packet, size_t size, size_t ip_size, uint8_t protocol);

}  // namespace wolfguard
