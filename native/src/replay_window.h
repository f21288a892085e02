// The anti-replay window of RFC 6347 4.1.2.6: a ring of bits behind the highest number seen.
// 1024 wide, so that a burst that the network reorders by a whole GRO train still passes.
#pragma once

#include <array>
#include <cstdint>

namespace wolfguard {

class ReplayWindow {
 public:
  static constexpr uint64_t kSize = 1024;

  /** May a record of this number be opened? Asks only; nothing is remembered. */
  bool is_fresh(uint64_t sequence) const {
    if (sequence > top_) return true;
    if (top_ - sequence >= kSize) return false;
    return (word(sequence) >> (sequence & 63) & 1) == 0;
  }

  /** Later than all that have been authenticated so far. */
  bool is_newest(uint64_t sequence) const { return sequence > top_; }

  /** Remembers a record that has been authenticated; call only when is_fresh said yes. */
  void accept(uint64_t sequence) {
    if (sequence > top_) {
      const uint64_t skipped = sequence - top_ < kSize ? sequence - top_ : kSize;
      for (uint64_t i = 1; i <= skipped; i++) {
        const uint64_t at = top_ + i;
        bits_[(at % kSize) >> 6] &= ~(uint64_t{1} << (at & 63));
      }
      top_ = sequence;
    }
    bits_[(sequence % kSize) >> 6] |= uint64_t{1} << (sequence & 63);
  }

 private:
  uint64_t word(uint64_t sequence) const { return bits_[(sequence % kSize) >> 6]; }

  uint64_t top_ = 0;
  std::array<uint64_t, kSize / 64> bits_{};
};

}  // namespace wolfguard
