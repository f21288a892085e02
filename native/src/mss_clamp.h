// Lowers what a TCP SYN says of the largest segment to what the tunnel's packets hold, so that no
// connection depends on an ICMP error finding its way back.
#pragma once

#include <netinet/in.h>

#include "inside_packet.h"

namespace wolfguard {

namespace mss_clamp {

inline constexpr size_t kTcpHeaderSize = 20, kTcpFlagsOffset = 13;
inline constexpr uint8_t kSyn = 0x02;

/** `tcp_start`: where the TCP header begins, which lies whole in the packet. */
void lower(uint8_t* packet, size_t size, size_t tcp_start, uint32_t mtu);

}  // namespace mss_clamp

/**
 * A SYN or SYN-ACK gets an MSS option of mtu - 40 (IPv4) or mtu - 60 (IPv6) at the most [rfc6691];
 * a smaller one stays. One without the option gets none: it means 536 or 1220 bytes
 * [rfc9293 3.7.1], which every tunnel takes. The checksum changes by the difference, so what came
 * damaged stays damaged. IPv6 extension headers hide a SYN, as they hide it from most firewalls.
 */
inline void clamp_mss(uint8_t* packet, size_t size, const InsidePacket& parsed, uint32_t mtu) {
  if (parsed.protocol != IPPROTO_TCP) return;
  const size_t tcp = parsed.version == 4 ? (packet[0] & 15) * 4u : 40;
  if (tcp + mss_clamp::kTcpHeaderSize > size) return;
  if ((packet[tcp + mss_clamp::kTcpFlagsOffset] & mss_clamp::kSyn) == 0) return;
  mss_clamp::lower(packet, size, tcp, mtu);
}

}  // namespace wolfguard
