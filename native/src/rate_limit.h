// How fast one tunnel may be in one direction, by both channels together: a bucket of bytes that
// fills at that rate. A packet that finds too few in it is dropped, and nothing waits.
//
// TCP bears single losses well and a wall badly: who loses all that is under way is silent for its
// time-out. So the lower half of the bucket warns: the emptier it is, the more packets of those
// that could pass are dropped, one in eight at the most, as a router with early detection does
// [rfc2309 3]. Senders slow down before the wall.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace wolfguard {

class RateLimit {
 public:
  /**
   * What may come at once when nothing came before. A TCP that is silent for its time-out all the
   * same (Linux: 200 ms and more) may catch up on that afterwards, or it would stay below its rate.
   * It is many times what the coarse clock may be behind (10 ms).
   */
  static constexpr int64_t kBurstMs = 250;
  /**
   * And never less than two super-packets: TCP sends so much in one go on a slow link too. At
   * 1 Mbit/s that is a second, because there several time-outs in a row are usual, each twice as
   * long as the one before.
   */
  static constexpr int64_t kLeastBurst = 128 << 10;

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
    if (level_ < cost || warns(size)) return false;
    level_ -= cost;
    return true;
  }

 private:
  static constexpr int64_t kMsPerSecond = 1000;
  /** Acknowledgements and questions: their loss costs much and saves nothing. */
  static constexpr size_t kSmall = 128;
  static constexpr int64_t kWarning = 8192, kMostOfWarning = kWarning / 8;

  int64_t most() const { return std::max(rate_ * kBurstMs, kLeastBurst * kMsPerSecond); }

  void fill(int64_t now_ms) {
    const int64_t elapsed = std::min(now_ms - filled_ms_, most() / rate_ + 1);
    level_ = std::min(level_ + elapsed * rate_, most());
    filled_ms_ = now_ms;
  }

  /** Counts up to the next warning, faster with an emptier bucket: evenly, and without chance. */
  bool warns(size_t size) {
    const int64_t half = most() / 2;
    if (level_ >= half || size <= kSmall) return false;
    warning_ += (half - level_) / (half / kMostOfWarning + 1);
    if (warning_ < kWarning) return false;
    warning_ -= kWarning;
    return true;
  }

  int64_t rate_ = 0, filled_ms_ = 0;
  /** In thousandths of a byte: a slow rate loses nothing when it is looked at often. */
  int64_t level_ = 0;
  int64_t warning_ = 0;
};

}  // namespace wolfguard
