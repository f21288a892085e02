// What the kernel has for clients: from the TUN queue to the tunnel that owns the destination, or
// to the worker that does.
#pragma once

#include "outbound.h"
#include "owners.h"
#include "segmenter.h"
#include "worker_links.h"

namespace wolfguard {

/** The largest inside packet that a TUN device with any sensible MTU hands over. */
inline constexpr size_t kMaxInsidePacket = 16384;

class InsideReader {
 public:
  InsideReader(TunQueue tun, TunnelTable* tunnels, const OwnersView* owners, WorkerLinks* links,
               Outbound* outbound, EngineTotals* totals);

  /** One wake-up's share of the queue; the packets leave with the next flush. */
  void read();
  /**
   * One packet or super-packet with kHeadroom bytes of room in front. `may_forward`: another worker
   * may be its owner; one that came from there must not travel on.
   */
  void send(const VirtioHeader& header, uint8_t* packet, size_t size, bool may_forward);

 private:
  void forward(const VirtioHeader& header, uint8_t* packet, size_t size, int owner);

  TunQueue tun_;
  TunnelTable* tunnels_;
  const OwnersView* owners_;
  WorkerLinks* links_;
  Outbound* outbound_;
  EngineTotals* totals_;
  Bytes buffer_;
};

}  // namespace wolfguard
