// When each tunnel is looked at next: one wheel of one-second slots for all, no timer object a
// session. An entry is a number; whoever was rescheduled or closed meanwhile is skipped by the
// caller, so nothing is ever searched for or taken out.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace wolfguard {

class TimerWheel {
 public:
  static constexpr int64_t kSlotMs = 1000;
  /** Nothing may be scheduled further ahead than this: the caller looks again and reschedules. */
  static constexpr int64_t kHorizonMs = 60 * kSlotMs;

  void start(int64_t now_ms) { tick_ = now_ms / kSlotMs; }

  void schedule(uint64_t id, int64_t at_ms) {
    // Rounded up: when its slot comes, its moment has come too.
    int64_t tick = (at_ms + kSlotMs - 1) / kSlotMs;
    if (tick <= tick_) tick = tick_ + 1;
    if (tick >= tick_ + static_cast<int64_t>(kSlots))
      tick = tick_ + static_cast<int64_t>(kSlots) - 1;
    slots_[static_cast<size_t>(tick) % kSlots].push_back(id);
  }

  /**
   * Calls visit(id) for all whose slot has come. However long that was not done, the wheel stands
   * at the present first: what a visit schedules then lies ahead of it and within its horizon.
   */
  template <typename Visit>
  void advance(int64_t now_ms, Visit&& visit) {
    const int64_t present = now_ms / kSlotMs;
    if (present <= tick_) return;
    due_.clear();
    for (size_t slot = 0; tick_ < present && slot < kSlots; slot++) {
      std::vector<uint64_t>& entries = slots_[static_cast<size_t>(++tick_) % kSlots];
      due_.insert(due_.end(), entries.begin(), entries.end());
      entries.clear();
    }
    tick_ = present;
    for (const uint64_t id : due_) visit(id);
  }

 private:
  static constexpr size_t kSlots = 64;
  static_assert(kHorizonMs / kSlotMs + 1 < static_cast<int64_t>(kSlots));

  int64_t tick_ = 0;
  std::array<std::vector<uint64_t>, kSlots> slots_;
  std::vector<uint64_t> due_;
};

}  // namespace wolfguard
