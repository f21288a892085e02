// The listening sockets of the handshake thread: accepts in bounded shares, and pauses when there
// is no descriptor left, since trying again at once would spin.
#pragma once

#include <vector>

#include "endpoint.h"
#include "fd.h"
#include "poller.h"

namespace wolfguard {

class Listeners {
 public:
  explicit Listeners(std::vector<int> fds) : fds_(std::move(fds)) {}

  /** Listener n reports with the tag `first_tag + n * tag_step`. */
  void watch(Poller& poller, uint64_t first_tag, uint64_t tag_step);

  /** Calls `admit(Fd, Endpoint)` for what waits there; false: paused, for want of descriptors. */
  template <typename Admit>
  bool accept_all(size_t listener, int64_t now, Admit admit) {
    for (int i = 0; i < kAcceptsPerWake; i++) {
      Endpoint peer;
      Fd socket = accept_one(listener, &peer);
      if (!socket) return !is_exhausted(now);
      admit(std::move(socket), peer);
    }
    return true;
  }

  bool paused() const { return paused_until_ != 0; }
  /** Ends a pause that is over. */
  void sweep(int64_t now);

 private:
  /** One listener's share of a wake-up, so that a flood of SYNs does not starve the relays. */
  static constexpr int kAcceptsPerWake = 32;

  Fd accept_one(size_t listener, Endpoint* peer);
  bool is_exhausted(int64_t now);
  void resume();

  std::vector<int> fds_;
  Poller* poller_ = nullptr;
  uint64_t first_tag_ = 0, tag_step_ = 1;
  int64_t paused_until_ = 0;
};

}  // namespace wolfguard
