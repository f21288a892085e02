#include <netinet/in.h>

#include "acl_program.h"
#include "inside_packet.h"

namespace wolfguard {

namespace {

constexpr size_t kIpv4HeaderSize = 20, kIpv6HeaderSize = 40;
/** Options of IPv4 that send a packet to another address than its destination [rfc791 3.1]. */
constexpr uint8_t kEndOfOptions = 0, kNoOperation = 1, kLooseRoute = 131, kStrictRoute = 137;
/** Nobody chains more; whoever does wants to hide something. */
constexpr int kMostExtensions = 8;

/** Port bytes are the third and fourth of all three; `end`: of the packet. */
void read_port(const uint8_t* packet, size_t at, size_t end, AclFacts* facts) {
  const uint8_t protocol = facts->protocol;
  const bool has_ports =
      protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_SCTP;
  if (!has_ports || at + 4 > end) return;
  facts->has_port = true;
  facts->port = load16(packet + at + 2);
}

bool has_source_route(const uint8_t* packet, size_t header) {
  for (size_t at = kIpv4HeaderSize; at < header;) {
    const uint8_t option = packet[at];
    if (option == kEndOfOptions) return false;
    if (option == kLooseRoute || option == kStrictRoute) return true;
    const size_t length = option == kNoOperation ? 1 : at + 1 < header ? packet[at + 1] : 0;
    if (option != kNoOperation && length < 2) return true;  // broken: nobody knows what follows
    at += length;
  }
  return false;
}

std::optional<AclFacts> facts4(const uint8_t* packet, AclFacts facts) {
  const size_t header = (packet[0] & 15) * 4u, total = load16(packet + 2);
  if (header > kIpv4HeaderSize && has_source_route(packet, header)) return std::nullopt;
  facts.protocol = packet[9];
  const bool first_fragment = (load16(packet + 6) & 0x1fff) == 0;
  if (first_fragment) read_port(packet, header, total, &facts);
  return facts;
}

bool is_extension(uint8_t next) {
  return next == IPPROTO_HOPOPTS || next == IPPROTO_DSTOPTS || next == IPPROTO_ROUTING ||
         next == IPPROTO_FRAGMENT;
}

/** AH is a protocol of its own in rules: what it protects is not looked into. */
std::optional<AclFacts> facts6(const uint8_t* packet, AclFacts facts) {
  const size_t end = kIpv6HeaderSize + load16(packet + 4);
  size_t at = kIpv6HeaderSize;
  uint8_t next = packet[6];
  for (int i = 0; is_extension(next); i++) {
    if (i == kMostExtensions || at + 8 > end) return std::nullopt;
    const uint8_t* header = packet + at;
    // Segments are left: its destination is only the next stop [rfc8200 4.4].
    if (next == IPPROTO_ROUTING && header[3] != 0) return std::nullopt;
    const bool fragment = next == IPPROTO_FRAGMENT;
    next = header[0];
    if (fragment && (load16(header + 2) & 0xfff8) != 0) {
      // Of the other fragments only the first one's next header is known [rfc8200 4.5].
      if (is_extension(next)) return std::nullopt;
      facts.protocol = next;
      return facts;
    }
    at += fragment ? 8 : (header[1] + 1) * 8u;
  }
  if (at > end) return std::nullopt;
  facts.protocol = next;
  read_port(packet, at, end, &facts);
  return facts;
}

}  // namespace

std::optional<AclFacts> acl_facts(const uint8_t* packet, const InsidePacket& parsed) {
  AclFacts facts;
  facts.destination = parsed.destination;
  facts.ipv4 = parsed.version == 4;
  return facts.ipv4 ? facts4(packet, facts) : facts6(packet, facts);
}

}  // namespace wolfguard
