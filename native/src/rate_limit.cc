#include "rate_limit.h"

#include <algorithm>
#include <bit>

namespace wolfguard {

namespace {

constexpr int64_t kMsPerSecond = 1000;
/** Acknowledgements and questions: their loss costs much and saves nothing. */
constexpr size_t kSmall = 128;
constexpr int64_t kWarning = 8192, kMostOfWarning = kWarning / 8;
/** A flow counts for one to two of these after its last packet: longer than most round trips. */
constexpr int64_t kWhileMs = 200;

/** Places in a row that a flow may have: of so many, one is nearly always vacant. */
constexpr size_t kTries = 8;

template <typename Do>
void for_each(uint64_t flows, Do each) {
  for (; flows != 0; flows &= flows - 1) each(static_cast<size_t>(std::countr_zero(flows)));
}

}  // namespace

RateLimit::RateLimit(int64_t bytes_per_second, int64_t now_ms)
    : rate_(bytes_per_second),
      most_(std::max(rate_ * kBurstMs, kLeastBurst * kMsPerSecond)),
      filled_ms_(now_ms),
      turned_ms_(now_ms),
      pool_(most_),
      most_reserve_(most_ / 2) {}

bool RateLimit::take(size_t size, uint32_t flow, int64_t now_ms) {
  if (now_ms > filled_ms_) fill(now_ms);
  const size_t n = place_of(flow);
  recent_ |= Flows{1} << n;
  const int64_t cost = static_cast<int64_t>(size) * kMsPerSecond;
  const int64_t level = reserves_[n] + pool_;
  if (level < cost || warns(size, n, level)) return false;
  const int64_t own = std::min(cost, reserves_[n]);
  reserves_[n] -= own;
  pool_ -= cost - own;
  return true;
}

/** Its own, or one of somebody who has gone, which has nothing any more. */
size_t RateLimit::place_of(uint32_t flow) {
  const Flows taken = recent_ | earlier_;
  size_t vacant = kFlows;
  for (size_t i = 0; i < kTries; i++) {
    const size_t n = (flow + i) % kFlows;
    const bool in_use = (taken >> n & 1) != 0;
    if (in_use && hashes_[n] == flow) return n;
    if (!in_use && vacant == kFlows) vacant = n;
  }
  if (vacant == kFlows) vacant = flow % kFlows;
  hashes_[vacant] = flow;
  return vacant;
}

void RateLimit::fill(int64_t now_ms) {
  const int64_t elapsed = std::min(now_ms - filled_ms_, most_ / rate_ + 1);
  filled_ms_ = now_ms;
  if (now_ms - turned_ms_ >= kWhileMs) forget_idle(now_ms);
  const Flows flows = recent_ | earlier_;
  // All reserves together are half of the bucket: flows with little to say must not keep it all.
  most_reserve_ = most_ / 2 / std::max(std::popcount(flows), 1);
  int64_t reserved = 0;
  for_each(flows, [&](size_t n) {
    const int64_t excess = std::max<int64_t>(reserves_[n] - most_reserve_, 0);
    reserves_[n] -= excess;
    pool_ += excess;
    reserved += reserves_[n];
  });
  const int64_t income = elapsed * rate_;
  const int64_t left = deal(income, flows, most_reserve_);
  pool_ = std::min(pool_ + left, most_ - (reserved + income - left));
}

/** The same to each flow whose reserve is not full, in two rounds; what nobody wants is left. */
int64_t RateLimit::deal(int64_t income, Flows flows, int64_t most) {
  for (int round = 0; round < 2 && flows != 0; round++) {
    const int64_t share = income / std::popcount(flows);
    for_each(flows, [&](size_t n) {
      const int64_t taken = std::min(share, most - reserves_[n]);
      reserves_[n] += taken;
      income -= taken;
      if (reserves_[n] >= most) flows &= ~(Flows{1} << n);
    });
  }
  return income;
}

/** What those have that were silent for a while belongs to all again. */
void RateLimit::forget_idle(int64_t now_ms) {
  for_each(earlier_ & ~recent_, [&](size_t n) {
    pool_ += reserves_[n];
    reserves_[n] = 0;
  });
  // Silent for so long that even the recent ones are.
  if (now_ms - turned_ms_ >= 2 * kWhileMs) {
    for_each(recent_, [&](size_t n) {
      pool_ += reserves_[n];
      reserves_[n] = 0;
    });
    recent_ = 0;
  }
  earlier_ = recent_;
  recent_ = 0;
  turned_ms_ = now_ms;
}

/** Counts up to the next warning, faster with an emptier bucket: evenly, and without chance. */
bool RateLimit::warns(size_t size, size_t flow, int64_t level) {
  if (level >= most_reserve_ || size <= kSmall) return false;
  const int64_t sum =
      warnings_[flow] + (most_reserve_ - level) / (most_reserve_ / kMostOfWarning + 1);
  const bool warned = sum >= kWarning;
  warnings_[flow] = static_cast<uint16_t>(warned ? sum - kWarning : sum);
  return warned;
}

}  // namespace wolfguard
