#include "arrival_rate.h"

#include <algorithm>
#include <bit>

namespace wolfguard {

void ArrivalRate::configure(uint32_t per_second, uint32_t workers) {
  if (per_second == per_second_ && workers == workers_) return;
  per_second_ = per_second;
  workers_ = std::max(workers, 1u);
  sets_ = per_second == 0 ? nullptr : std::make_unique<std::array<Set, kSets>>();
}

bool ArrivalRate::take(const Address& source, int64_t now_ms) {
  if (!sets_) return true;
  Entry& entry = entry_of(source, now_ms);
  const int64_t one = kMsPerSecond * workers_;
  if (entry.level < one) return false;
  entry.level -= one;
  return true;
}

/** Filled up to now. A source that is not there begins with a full bucket. */
ArrivalRate::Entry& ArrivalRate::entry_of(const Address& source, int64_t now_ms) {
  Set& set = (*sets_)[set_of(source)];
  for (Entry& entry : set) {
    fill(entry, now_ms);
    if (entry.source == source && entry.filled_ms >= 0) return entry;
  }
  Entry& fullest = *std::max_element(set.begin(), set.end(), [](const Entry& a, const Entry& b) {
    return a.filled_ms >= 0 && (b.filled_ms < 0 || a.level < b.level);
  });
  fullest = {source, per_second_ * kMsPerSecond * workers_, now_ms};
  return fullest;
}

/** By the upper bits of a product: the lower ones of a hash tell neighbours badly apart. */
size_t ArrivalRate::set_of(const Address& source) {
  static_assert(std::has_single_bit(kSets));
  const uint64_t spread = AddressHash()(source) * 0x9e3779b97f4a7c15u;
  return spread >> (64 - std::countr_zero(kSets));
}

void ArrivalRate::fill(Entry& entry, int64_t now_ms) const {
  if (entry.filled_ms < 0 || now_ms <= entry.filled_ms) return;
  const int64_t most = per_second_ * kMsPerSecond * workers_;
  // Longer than this fills any bucket.
  const int64_t elapsed = std::min(now_ms - entry.filled_ms, kMsPerSecond * workers_);
  entry.level = std::min(entry.level + elapsed * per_second_, most);
  entry.filled_ms = now_ms;
}

}  // namespace wolfguard
