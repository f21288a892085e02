// Of the datagrams of one wake-up no peer gets more than its share of small ones. They cost the
// same to open as large ones, but a socket's buffer holds a hundred times as many: whoever floods
// would fill it faster than it is emptied, and all others would lose their datagrams with his.
#pragma once

#include <algorithm>
#include <array>

#include "datagram_reader.h"

namespace wolfguard {

class PeerShares {
 public:
  /** About a millisecond of work; who sends 300,000 a second has so many after 7 ms. */
  static constexpr size_t kShare = 2048;
  /** Of larger ones a whole batch holds not many more than kShare. */
  static constexpr size_t kSmall = 512;

  /** A new wake-up. */
  void begin() { used_ = 0; }

  /** Of a train of so many datagrams of that size: how many may be opened. */
  size_t grant(const Endpoint& peer, size_t datagrams, size_t datagram_size) {
    // By themselves they are at most DatagramReader::kBatch.
    if (datagrams <= 1 || datagram_size > kSmall) return datagrams;
    const auto end = shares_.begin() + static_cast<ptrdiff_t>(used_);
    auto share = std::find_if(shares_.begin(), end, [&](const Share& s) { return s.peer == peer; });
    if (share == end) {
      if (used_ == shares_.size()) return datagrams;  // so many peers share well enough
      *share = {peer, kShare};
      used_++;
    }
    const size_t granted = std::min(datagrams, share->left);
    share->left -= granted;
    return granted;
  }

 private:
  struct Share {
    Endpoint peer;
    size_t left;
  };

  std::array<Share, DatagramReader::kBatch> shares_;
  size_t used_ = 0;
};

}  // namespace wolfguard
