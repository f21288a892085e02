// What the kernel has for clients: from the TUN queue to the tunnel that owns the destination, or
// to the worker that does.
#pragma once

#include "hand_over.h"
#include "outbound.h"
#include "segmenter.h"
#include "worker_links.h"

namespace wolfguard {

/** The largest inside packet that a TUN device with any sensible MTU hands over. */
inline constexpr size_t kMaxInsidePacket = 16384;

class InsideReader {
 public:
  InsideReader(TunQueue tun, TunnelTable* tunnels, const OwnersView* owners, HandOver* hand_over,
               WorkerLinks* links, Outbound* outbound, EngineTotals* totals);

  /** One wake-up's share of the queue; the packets leave with the next flush. */
  void read();
  /**
   * One packet or super-packet with kHeadroom bytes of room in front. One of another worker
   * travels on, also from a worker that was its owner when it was sent there: there is one owner
   * at a time, and it keeps what it gets.
   */
  void send(const VirtioHeader& header, uint8_t* packet, size_t size);

 private:
  void hold_or_forward(const VirtioHeader& header, uint8_t* packet, size_t size,
                       const Address& inside, bool left);

  TunQueue tun_;
  TunnelTable* tunnels_;
  const OwnersView* owners_;
  HandOver* hand_over_;
  WorkerLinks* links_;
  Outbound* outbound_;
  EngineTotals* totals_;
  Bytes buffer_;
};

}  // namespace wolfguard
