// What the engine reads of an inside IP packet: version, addresses, protocol. Every length is
// checked here; what passes may be looked up and written to the TUN device.
#pragma once

#include <optional>

#include "bytes.h"
#include "endpoint.h"

namespace wolfguard {

struct InsidePacket {
  int version;
  /** IPv4 as ::ffff:a.b.c.d. */
  Address source, destination;
  uint8_t protocol;
  /** IPv4: the DF bit. IPv6 never fragments on the way. */
  bool dont_fragment;
};

/** nullopt: no IP packet, or one whose header does not fit its size. */
std::optional<InsidePacket> parse_inside_packet(const uint8_t* packet, size_t size);

/** From an address that holds on the client's own link only: fe80::/10, or none yet (::). */
bool is_from_own_link(const InsidePacket& packet);

/** Does it count against the idle timeout? ICMP, ICMPv6 and IGMP do not [oc 7.2]. */
bool is_real_data(const InsidePacket& packet);

/**
 * "Fragmentation needed" or "packet too big" for a packet that no tunnel record can carry, from
 * the packet's own destination; its size in `out` (at least 1280 bytes), 0 = none is to be sent
 * (an ICMP error answers no ICMP error).
 */
size_t make_too_big(const uint8_t* packet, size_t size, const InsidePacket& parsed, uint32_t mtu,
                    uint8_t* out);

}  // namespace wolfguard
