#include <set>

#include "random.h"
#include "replay_window.h"
#include "unit.h"

namespace wolfguard {
namespace {

/** RFC 6347 4.1.2.6 as it reads: all numbers ever seen, and the highest. */
class NaiveWindow {
 public:
  bool is_fresh(uint64_t sequence) const {
    if (sequence + ReplayWindow::kSize <= top_) return false;
    return !seen_.contains(sequence);
  }
  void accept(uint64_t sequence) {
    seen_.insert(sequence);
    top_ = std::max(top_, sequence);
  }
  uint64_t top() const { return top_; }

 private:
  std::set<uint64_t> seen_;
  uint64_t top_ = 0;
};

/** Mostly near the top, sometimes far ahead or far behind, as a network reorders and an attacker
 * replays. */
uint64_t pick(Random& random, uint64_t top) {
  switch (random.below(8)) {
    case 0:
      return top + random.below(3 * ReplayWindow::kSize);
    case 1:
      return random.below(top + 1);
    case 2:
      return top < ReplayWindow::kSize + 4 ? top : top - ReplayWindow::kSize - 2 + random.below(5);
    default:
      return top + 4 - std::min<uint64_t>(top, random.below(64));
  }
}

}  // namespace

UNIT_TEST("the replay window does as the set of all numbers seen does") {
  for (uint64_t seed = 1; seed <= 40; seed++) {
    Random random(seed);
    ReplayWindow window;
    NaiveWindow naive;
    for (int i = 0; i < 4000; i++) {
      const uint64_t sequence = pick(random, naive.top());
      const bool fresh = naive.is_fresh(sequence);
      if (!CHECK_EQUAL(window.is_fresh(sequence), fresh)) return;
      // A record that is fresh but forged is asked about and never accepted.
      if (!fresh || random.one_in(5)) continue;
      window.accept(sequence);
      naive.accept(sequence);
    }
  }
}

UNIT_TEST("the replay window passes each number of a wholly reversed burst once") {
  ReplayWindow window;
  constexpr uint64_t kTop = 5000;
  for (uint64_t i = 0; i < ReplayWindow::kSize; i++) {
    CHECK(window.is_fresh(kTop - i));
    window.accept(kTop - i);
    CHECK(!window.is_fresh(kTop - i));
  }
  CHECK(!window.is_fresh(kTop - ReplayWindow::kSize));
}

UNIT_TEST("the replay window forgets everything after a leap to the last number of an epoch") {
  ReplayWindow window;
  for (uint64_t i = 0; i < 100; i++) window.accept(i);
  constexpr uint64_t kLast = (uint64_t{1} << 48) - 1;
  window.accept(kLast);
  CHECK(!window.is_fresh(kLast));
  for (uint64_t i = 1; i < ReplayWindow::kSize; i++) CHECK(window.is_fresh(kLast - i));
  CHECK(!window.is_fresh(50));
}

}  // namespace wolfguard
