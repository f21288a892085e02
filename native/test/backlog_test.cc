#include "backlog.h"

#include <deque>

#include "random.h"
#include "unit.h"

namespace wolfguard {

UNIT_TEST(
    "the data of a backlog can be taken out, once and in its order, and control frames stay") {
  Backlog backlog;
  for (uint8_t i = 0; i < 5; i++) {
    backlog.add_data(Bytes(100 + i, i));
    backlog.add_control(Bytes(8, i));
  }
  std::vector<Bytes> taken;
  const auto take = [&](ByteView frame) { taken.emplace_back(frame.begin(), frame.end()); };
  backlog.take_data(take);
  backlog.take_data(take);
  REQUIRE(taken.size() == 5);
  for (uint8_t i = 0; i < 5; i++) CHECK(taken[i] == Bytes(100 + i, i));
  CHECK(!backlog.empty());
  for (; !backlog.empty(); backlog.pop()) CHECK_EQUAL(backlog.front().size(), size_t{8});
}

UNIT_TEST("a backlog gives what a plain queue would: control first, data in order, oldest lost") {
  for (uint64_t seed = 1; seed <= 20; seed++) {
    Random random(seed);
    Backlog backlog;
    std::deque<Bytes> control, data;
    const bool large = random.one_in(2);
    for (int step = 0; step < 4000; step++) {
      const size_t action = random.below(10);
      if (action < 5) {
        const Bytes frame = random.bytes(1 + random.below(large ? 16384 : 1400));
        const size_t dropped = backlog.add_data(frame);
        REQUIRE(dropped <= data.size());
        data.erase(data.begin(), data.begin() + static_cast<ptrdiff_t>(dropped));
        data.push_back(frame);
      } else if (action == 5) {
        const Bytes frame = random.bytes(random.below(100));
        backlog.add_control(frame);
        control.push_back(frame);
      } else if (!backlog.empty()) {
        std::deque<Bytes>& from = control.empty() ? data : control;
        const ByteView front = backlog.front();
        REQUIRE(!from.empty());
        CHECK(Bytes(front.begin(), front.end()) == from.front());
        backlog.pop();
        from.pop_front();
      }
      CHECK_EQUAL(backlog.empty(), control.empty() && data.empty());
    }
    backlog.drop_data();
    data.clear();
    CHECK_EQUAL(backlog.empty(), control.empty());
    CHECK_EQUAL(backlog.add_data(Bytes(10, 1)), size_t{0});
  }
}

UNIT_TEST("a backlog drops nothing before it is nearly full, and then no more than needed") {
  Backlog backlog;
  const Bytes frame(1408, 1);
  size_t held = 0;
  while (backlog.add_data(frame) == 0) held++;
  CHECK(held * frame.size() > Backlog::kDataBytes * 95 / 100);
  for (int i = 0; i < 1000; i++) CHECK(backlog.add_data(frame) <= 2);
  size_t left = 0;
  for (; !backlog.empty(); backlog.pop()) left++;
  CHECK(left + 2 >= held);
}

}  // namespace wolfguard
