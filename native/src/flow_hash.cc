#include "flow_hash.h"

#include <netinet/in.h>

namespace wolfguard {

namespace {

constexpr size_t kIpv6HeaderSize = 40, kPortsSize = 4;

uint64_t mix(uint64_t hash, uint64_t word) {
  hash = (hash ^ word) * 0xff51afd7ed558ccdu;
  return hash ^ hash >> 32;
}

template <typename T>
uint64_t word_at(const uint8_t* at) {
  T word;
  memcpy(&word, at, sizeof word);
  return word;
}

bool has_ports(uint8_t protocol) {
  return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_UDPLITE ||
         protocol == IPPROTO_SCTP;
}

/** More fragments follow, or this is not the first. */
bool is_fragment(const uint8_t* ipv4) { return (load16(ipv4 + 6) & 0x3fff) != 0; }

}  // namespace

uint32_t flow_hash(const uint8_t* packet, size_t size, const InsidePacket& parsed) {
  uint64_t hash = parsed.protocol;
  size_t ports = 0;
  if (parsed.version == 4) {
    hash = mix(hash, word_at<uint64_t>(packet + 12));
    if (!is_fragment(packet)) ports = (packet[0] & 15) * 4u;
  } else {
    for (size_t at = 8; at < kIpv6HeaderSize; at += 8) {
      hash = mix(hash, word_at<uint64_t>(packet + at));
    }
    ports = kIpv6HeaderSize;
  }
  if (ports != 0 && has_ports(parsed.protocol) && ports + kPortsSize <= size) {
    hash = mix(hash, word_at<uint32_t>(packet + ports));
  }
  return static_cast<uint32_t>(hash * 0x9e3779b97f4a7c15u >> 32);
}

}  // namespace wolfguard
