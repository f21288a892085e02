#include "urgency.h"

#include "unit.h"

namespace wolfguard {
namespace {

constexpr int64_t kMs = 1'000'000;

}  // namespace

UNIT_TEST("a thread is urgent until it has used half of a window, and again below a quarter") {
  Urgency urgency;
  int64_t now = 1000, cpu = 0;
  const auto window = [&](int64_t used_ms) {
    now += 20;
    cpu += used_ms * kMs;
    CHECK(urgency.due(now));
    return urgency.update(now, cpu);
  };
  urgency.update(now, cpu);
  CHECK(window(0));
  CHECK(window(9));
  CHECK(!window(10));
  CHECK(!window(20));
  CHECK(!window(5));
  CHECK(window(4));
  CHECK(window(9));
}

UNIT_TEST("nobody looks twice within a window, and a long sleep counts as one") {
  Urgency urgency;
  urgency.update(1000, 0);
  CHECK(!urgency.due(1019));
  CHECK(urgency.due(1020));
  CHECK(!urgency.update(1020, 20 * kMs));
  CHECK(urgency.update(61'020, 21 * kMs));
}

UNIT_TEST("who asks in vain waits twice as long, and from the beginning after it was granted") {
  UrgencyRequests requests;
  CHECK(requests.due(0));
  CHECK(!requests.due(199));
  CHECK(requests.due(200));
  CHECK(!requests.due(599));
  CHECK(requests.due(600));
  requests.granted();
  CHECK(!requests.due(699));
  CHECK(requests.due(700));
  for (int64_t now = 700, n = 0; n < 20; n++) requests.due(now += 60'000);
  CHECK(!requests.due(1'260'699));
  CHECK(requests.due(1'260'700));
}

}  // namespace wolfguard
