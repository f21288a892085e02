// How fast one tunnel may be in one direction, by both channels together: a bucket of bytes that
// fills at that rate. What finds too few in it is dropped at once, packet by packet: nothing waits,
// and the TCP inside sees losses, as it does wherever a link is full.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace wolfguard {

class RateLimit {
 public:
  /**
   * What may come at once, if nothing came before: as much as the rate brings in the time of a
   * round trip to somebody far away. A TCP sends a window in one go and hears of it that much
   * later; with less it could never have the whole rate. It is also a few times what the coarse
   * clock may be behind (10 ms where the kernel ticks at 100 Hz).
   */
  static constexpr int64_t kBurstMs = 50;
  /** And never less than a super-packet: it is what TCP sends in one go on a slow link too. */
  static constexpr int64_t kLeastBurst = 64 << 10;

  /** No limit. */
  RateLimit() = default;
  /** `bytes_per_second`: 0 = no limit. The bucket is full. */
  RateLimit(int64_t bytes_per_second, int64_t now_ms)
      : rate_(bytes_per_second), filled_ms_(now_ms), level_(most()) {}

  /** May a packet of that size pass now? Then it has. The clock may be a wake-up's. */
  bool take(size_t size, int64_t now_ms) {
    if (rate_ == 0) return true;
    if (now_ms > filled_ms_) fill(now_ms);
    const int64_t cost = static_cast<int64_t>(size) * kMsPerSecond;
    if (level_ < cost) return false;
    level_ -= cost;
    return true;
  }

 private:
  static constexpr int64_t kMsPerSecond = 1000;

  int64_t most() const { return std::max(rate_ * kBurstMs, kLeastBurst * kMsPerSecond); }

  void fill(int64_t now_ms) {
    const int64_t elapsed = std::min(now_ms - filled_ms_, most() / rate_ + 1);
    level_ = std::min(level_ + elapsed * rate_, most());
    filled_ms_ = now_ms;
  }

  int64_t rate_ = 0, filled_ms_ = 0;
  /** In thousandths of a byte: a slow rate loses nothing when it is looked at often. */
  int64_t level_ = 0;
};

}  // namespace wolfguard
