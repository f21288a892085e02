// Fewer wake-ups for tunnels that upload in bulk: their socket is told to report only when much has
// come (SO_RCVLOWAT), and because a little may come alone they are also looked at every
// millisecond. The first look that finds little puts the socket back, so a quiet tunnel waits for
// nothing, and a busy one at most a millisecond.
#pragma once

#include <vector>

#include "tunnel.h"

namespace wolfguard {

class BulkReceiver {
 public:
  /** Looked at this often while any tunnel is in bulk; what epoll can wait at least. */
  static constexpr int kPollMs = 1;

  bool empty() const { return tunnels_.empty(); }

  /** After an event of the socket has brought `size` bytes. */
  void on_event(Tunnel& tunnel, size_t size, int64_t now_ms);
  /** After a look that the clock has asked for. */
  void on_poll(Tunnel& tunnel, size_t size);
  /** Before its socket is closed or no longer read. */
  void forget(Tunnel& tunnel);

  /** Calls look(tunnel) for all that nobody has looked at for kPollMs. */
  template <typename Look>
  void poll(Look&& look) {
    const int64_t now = monotonic_us();
    // Backwards: a look may take out its tunnel, and others whose sockets turn out to be broken.
    for (size_t i = tunnels_.size(); i-- > 0;) {
      if (i >= tunnels_.size()) continue;
      Tunnel& tunnel = *tunnels_[i];
      if (now - tunnel.bulk.looked_us >= kPollMs * 1000) look(tunnel);
    }
  }

 private:
  static int64_t monotonic_us();
  static void set_low_water(Tunnel& tunnel, int bytes);

  std::vector<Tunnel*> tunnels_;
};

}  // namespace wolfguard
