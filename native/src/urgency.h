// When the packet thread may interrupt everybody else. A thread that needs little of its core hurts
// nobody by going first, and its packets never wait; one that is busy must share, or a flood of
// packets would take the machine. Pure: the caller measures and acts.
#pragma once

#include <algorithm>
#include <cstdint>

namespace wolfguard {

/** Of one thread. */
class Urgency {
 public:
  /** Time to look again? */
  bool due(int64_t now_ms) const { return now_ms - since_ms_ >= kWindowMs; }

  /** After `cpu_ns` of the thread's CPU time in all: should it be urgent until the next look? */
  bool update(int64_t now_ms, int64_t cpu_ns) {
    const int64_t window_ns = (now_ms - since_ms_) * 1'000'000, used_ns = cpu_ns - used_before_ns_;
    since_ms_ = now_ms;
    used_before_ns_ = cpu_ns;
    urgent_ = used_ns * 100 < window_ns * (urgent_ ? kBusyPercent : kQuietPercent);
    return urgent_;
  }

 private:
  /** A flood has the core to itself for that long at most. Some clocks count in steps of 4 ms. */
  static constexpr int64_t kWindowMs = 20;
  /** Apart, so that a thread near the bound is not switched to and fro. */
  static constexpr int64_t kBusyPercent = 50, kQuietPercent = 25;

  int64_t since_ms_ = 0, used_before_ns_ = 0;
  bool urgent_ = true;
};

/** When to ask somebody else for it. In vain: twice as long until the next time. */
class UrgencyRequests {
 public:
  /** Time to ask? Then this counts as asked. */
  bool due(int64_t now_ms) {
    if (now_ms - asked_ms_ < wait_ms_) return false;
    asked_ms_ = now_ms;
    wait_ms_ = std::min(2 * wait_ms_, kMostMs);
    return true;
  }

  void granted() { wait_ms_ = kLeastMs; }

 private:
  /** Under traffic that comes and goes the requests stay a small part of the primary's work. */
  static constexpr int64_t kLeastMs = 100, kMostMs = 60'000;

  int64_t asked_ms_ = -kMostMs, wait_ms_ = kLeastMs;
};

}  // namespace wolfguard
