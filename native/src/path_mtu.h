// What the way to a client takes may shrink while its tunnel is up. The kernel hears of it from a
// router ("fragmentation needed", "packet too big") and refuses larger datagrams from then on:
//
//   datagram ── EMSGSIZE ──► PathRefusal: sent once more with the error queue on, which tells the
//                            MTU; one question a wake-up, so a client can make it no work of ours
//   limit_path               packets beyond it go by TLS, which finds its own way, and the inside
//                            hears of it (outbound.cc); the MSS of new connections follows
//   every 30 s               a DPD request of the full size (liveness.cc); while the kernel
//                            remembers, which is 10 minutes, it refuses it and nothing is sent
//   its answer               the path takes full packets again: forget_path_limit
//
// Anybody may forge what a router says. That costs speed, never traffic.
#pragma once

#include <sys/socket.h>

#include <cstdint>

#include "datagram_reader.h"

namespace wolfguard {

struct Tunnel;

/** The kernel's answer to a datagram that was too big; `mtu` counts the IP header. */
struct PathRefusal {
  UdpPath path;
  uint32_t mtu = 0;
};

/** Sends a refused datagram again and listens why not: the path's MTU, 0 = it has left or no word.
 */
uint32_t resend_for_mtu(int fd, const msghdr& datagram);

/** A tunnel's share of it, in few bytes. */
struct PathLimit {
  static constexpr uint16_t kNone = 0xffff;
  static constexpr int64_t kRetryMs = 30000;

  /** The largest inside packet that a datagram to this client may carry. */
  uint16_t data_mtu = kNone;
  /** When a full packet is tried again: the low bits of the clock's seconds. */
  uint16_t retry_s = 0;
  /** A full packet has been sent and not refused; an answer to it lifts the limit. */
  bool probed = false;

  bool exists() const { return data_mtu != kNone; }
  void wait(int64_t now_ms);
  int64_t left_ms(int64_t now_ms) const;
};

/** false: no news, or nothing about where the tunnel's data goes now. */
bool limit_path(Tunnel& tunnel, const PathRefusal& refusal, int64_t now_ms);
/** The client is somewhere else, or full packets reach it again. */
void forget_path_limit(Tunnel& tunnel);

}  // namespace wolfguard
