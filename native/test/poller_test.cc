#include "poller.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include "unit.h"

namespace wolfguard {
namespace {

void set(const Fd& event, uint64_t value) {
  if (write(event.get(), &value, sizeof value) != sizeof value) unit::fail(__FILE__, __LINE__, "");
}

void clear(const Fd& event) {
  uint64_t value;
  if (read(event.get(), &value, sizeof value) != sizeof value) unit::fail(__FILE__, __LINE__, "");
}

struct Rig {
  Fd busy{eventfd(0, EFD_NONBLOCK)}, other{eventfd(0, EFD_NONBLOCK)};
  Poller poller;
  epoll_event events[4];

  Rig() {
    poller.add_busy(busy.get(), 11);
    poller.add(other.get(), EPOLLIN, 22);
  }
  int wait(int capacity = 4) { return poller.wait(events, capacity, 0); }
};

}  // namespace

UNIT_TEST("a poller tells of busy descriptors and of all others, each with its tag") {
  Rig rig;
  CHECK_EQUAL(rig.wait(), 0);
  set(rig.busy, 1);
  REQUIRE(CHECK_EQUAL(rig.wait(), 1));
  CHECK_EQUAL(uint64_t{rig.events[0].data.u64}, 11u);
  CHECK_EQUAL(uint32_t{rig.events[0].events}, uint32_t{EPOLLIN});
  set(rig.other, 1);
  REQUIRE(CHECK_EQUAL(rig.wait(), 2));
  CHECK_EQUAL(uint64_t{rig.events[1].data.u64}, 22u);
  clear(rig.busy);
  REQUIRE(CHECK_EQUAL(rig.wait(), 1));
  CHECK_EQUAL(uint64_t{rig.events[0].data.u64}, 22u);
}

UNIT_TEST("a poller never tells more than there is room for, and the rest the next time") {
  Rig rig;
  set(rig.busy, 1);
  set(rig.other, 1);
  REQUIRE(CHECK_EQUAL(rig.wait(1), 1));
  CHECK_EQUAL(uint64_t{rig.events[0].data.u64}, 11u);
  clear(rig.busy);
  REQUIRE(CHECK_EQUAL(rig.wait(1), 1));
  CHECK_EQUAL(uint64_t{rig.events[0].data.u64}, 22u);
}

UNIT_TEST("a poller forgets the busy descriptors and goes on with the others") {
  Rig rig;
  set(rig.busy, 1);
  rig.poller.remove_busy();
  CHECK_EQUAL(rig.wait(), 0);
  set(rig.other, 1);
  REQUIRE(CHECK_EQUAL(rig.wait(), 1));
  CHECK_EQUAL(uint64_t{rig.events[0].data.u64}, 22u);
}

}  // namespace wolfguard
