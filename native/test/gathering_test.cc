#include "gathering.h"

#include "unit.h"

namespace wolfguard {
namespace {

constexpr size_t kDatagram = 1438;

/** Looks that each find so many datagrams, so many a millisecond; how many of them end in a rest.
 */
int rests(Gathering& gathering, int64_t from_ms, int64_t to_ms, int looks_per_ms,
          size_t datagrams) {
  int count = 0;
  for (int64_t now = from_ms; now < to_ms; now++) {
    for (int look = 0; look < looks_per_ms; look++) {
      for (size_t n = 0; n < datagrams; n++) gathering.add(kDatagram);
      count += gathering.end_look(now) ? 1 : 0;
    }
  }
  return count;
}

}  // namespace

UNIT_TEST("a quiet worker never rests, nor does one of 100 Mbit/s") {
  Gathering gathering;
  CHECK_EQUAL(rests(gathering, 1000, 2000, 1, 1), 0);
  CHECK_EQUAL(rests(gathering, 2000, 3000, 2, 0), 0);
  CHECK_EQUAL(rests(gathering, 3000, 4000, 3, 3), 0);
}

UNIT_TEST("an upload in little pieces rests after each of them within a window") {
  Gathering gathering;
  CHECK(rests(gathering, 1000, 1008, 20, 3) > 0);
  CHECK_EQUAL(rests(gathering, 1008, 2000, 20, 3), 992 * 20);
}

UNIT_TEST("who finds a train's worth looks again at once, and so does who finds one datagram") {
  Gathering gathering;
  CHECK_EQUAL(rests(gathering, 1000, 2000, 10, 45), 0);
  CHECK_EQUAL(rests(gathering, 2000, 2100, 40, 1), 0);
  CHECK(rests(gathering, 2100, 2101, 1, 3) == 1);
}

UNIT_TEST("the end of an upload costs one rest, and what comes later none") {
  Gathering gathering;
  CHECK(rests(gathering, 1000, 1100, 20, 3) > 0);
  // Empty looks: other sockets were ready.
  CHECK_EQUAL(rests(gathering, 1100, 1101, 50, 0), 0);
  CHECK_EQUAL(rests(gathering, 1150, 1151, 1, 3), 0);
  CHECK_EQUAL(rests(gathering, 1160, 2000, 1, 3), 0);
}

}  // namespace wolfguard
