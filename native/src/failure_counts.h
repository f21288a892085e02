// Connections that came to nothing, by source, gathered so that a flood of them is a message a
// second.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <utility>
#include <vector>

#include "endpoint.h"

namespace wolfguard {

class FailureCounts {
 public:
  using Counts = std::vector<std::pair<Address, uint32_t>>;

  static constexpr int64_t kReportMs = 1000;

  void note(const Endpoint& peer) { counts_[source_of(peer.address)]++; }
  /** Something is to be reported. */
  bool pending() const { return !counts_.empty(); }
  /** All since the last report; empty when that was a moment ago. */
  Counts take_due(int64_t now_ms) {
    if (counts_.empty() || now_ms - reported_ms_ < kReportMs) return {};
    reported_ms_ = now_ms;
    Counts taken(counts_.begin(), counts_.end());
    counts_.clear();
    return taken;
  }

 private:
  std::unordered_map<Address, uint32_t, AddressHash> counts_;
  int64_t reported_ms_ = INT64_MIN / 2;
};

}  // namespace wolfguard
