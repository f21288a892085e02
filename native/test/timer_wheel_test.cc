#include "timer_wheel.h"

#include <map>

#include "random.h"
#include "unit.h"

namespace wolfguard {

UNIT_TEST("the timer wheel visits every entry once, never early and at most a slot late") {
  for (uint64_t seed = 1; seed <= 20; seed++) {
    Random random(seed);
    TimerWheel wheel;
    int64_t now = static_cast<int64_t>(random.below(1'000'000));
    wheel.start(now);
    std::map<uint64_t, int64_t> due;
    uint64_t next_id = 1;
    for (int round = 0; round < 2000; round++) {
      for (size_t i = random.below(3); i > 0; i--) {
        const int64_t at = now + static_cast<int64_t>(random.below(TimerWheel::kHorizonMs + 1));
        wheel.schedule(next_id, at);
        due[next_id++] = at;
      }
      now += static_cast<int64_t>(random.below(900));
      wheel.advance(now, [&](uint64_t id) {
        const auto it = due.find(id);
        if (it == due.end()) {
          CHECK(!"visited twice");
          return;
        }
        CHECK(it->second <= now);
        due.erase(it);
      });
      for (const auto& [id, at] : due) {
        // An entry for a slot that has begun already waits for the next.
        CHECK(at > now - 2 * TimerWheel::kSlotMs);
      }
    }
  }
}

UNIT_TEST("the timer wheel loses nothing when it stood still for hours") {
  constexpr int64_t kHour = 3'600'000;
  for (int64_t pause :
       {int64_t{3500}, int64_t{63'000}, int64_t{64'000}, int64_t{65'000}, kHour, 7 * kHour + 123}) {
    TimerWheel wheel;
    int64_t now = 5000;
    wheel.start(now);
    for (uint64_t id = 0; id < 61; id++) wheel.schedule(id, now + static_cast<int64_t>(id) * 1000);
    now += pause;
    // As the packet loop does it: who is looked at is rescheduled at once, at the horizon at most;
    // who is visited before his time is not looked at again.
    std::map<uint64_t, int64_t> next;
    for (uint64_t id = 0; id < 61; id++) next[id] = 5000 + static_cast<int64_t>(id) * 1000;
    const auto advance = [&] {
      wheel.advance(now, [&](uint64_t id) {
        if (next[id] > now) return;
        next[id] = now + TimerWheel::kHorizonMs;
        wheel.schedule(id, next[id]);
      });
    };
    for (int second = 0; second < 200; second++, now += 1000) advance();
    for (const auto& [id, at] : next) {
      if (!CHECK_EQUAL(at > now - 2 * TimerWheel::kSlotMs, true)) return;
    }
  }
}

UNIT_TEST("an entry beyond the horizon, or in the past, is visited all the same") {
  TimerWheel wheel;
  wheel.start(0);
  wheel.schedule(1, 1'000'000);
  wheel.schedule(2, -5);
  std::vector<uint64_t> seen;
  const auto note = [&](uint64_t id) { seen.push_back(id); };
  wheel.advance(1000, note);
  CHECK(seen == std::vector<uint64_t>{2});
  wheel.advance(64'000, note);
  CHECK((seen == std::vector<uint64_t>{2, 1}));
}

}  // namespace wolfguard
