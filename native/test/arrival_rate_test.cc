#include "arrival_rate.h"

#include "unit.h"

namespace wolfguard {
namespace {

Address source(uint32_t n) {
  const uint8_t bytes[4] = {static_cast<uint8_t>(n >> 24), static_cast<uint8_t>(n >> 16),
                            static_cast<uint8_t>(n >> 8), static_cast<uint8_t>(n)};
  return map_ipv4(bytes);
}

/** How many of a thousand a second come in, for so many seconds. */
int come_in(ArrivalRate& rate, const Address& from, int64_t from_ms, int64_t seconds) {
  int taken = 0;
  for (int64_t ms = 0; ms < seconds * 1000; ms++) taken += rate.take(from, from_ms + ms);
  return taken;
}

}  // namespace

UNIT_TEST("a source may begin so many connections a second, at first those of a second at once") {
  ArrivalRate rate;
  rate.configure(10, 1);
  for (int i = 0; i < 10; i++) CHECK(rate.take(source(1), 5000));
  CHECK(!rate.take(source(1), 5000));
  CHECK(!rate.take(source(1), 5099));
  CHECK(rate.take(source(1), 5100));
  CHECK(!rate.take(source(1), 5100));
  CHECK(rate.take(source(2), 5100));
  CHECK_EQUAL(come_in(rate, source(1), 10'000, 10), 10 + 99);
}

UNIT_TEST("a worker grants its part of the rate, without a remainder") {
  for (const uint32_t workers : {1u, 3u, 8u, 64u}) {
    ArrivalRate rate;
    rate.configure(7, workers);
    const int seconds = static_cast<int>(workers) * 10;
    const int taken = come_in(rate, source(1), 0, seconds);
    CHECK(taken >= 7 + 69 && taken <= 7 + 70);
  }
}

UNIT_TEST("0 is no limit, and a new rate begins with full buckets") {
  ArrivalRate rate;
  for (int i = 0; i < 1000; i++) CHECK(rate.take(source(1), 0));
  rate.configure(1, 1);
  CHECK(rate.take(source(1), 0));
  CHECK(!rate.take(source(1), 0));
  rate.configure(1, 1);
  CHECK(!rate.take(source(1), 0));
  rate.configure(2, 1);
  CHECK(rate.take(source(1), 0));
  rate.configure(0, 1);
  for (int i = 0; i < 1000; i++) CHECK(rate.take(source(1), 0));
}

UNIT_TEST("a clock that goes back adds nothing") {
  ArrivalRate rate;
  rate.configure(1, 1);
  CHECK(rate.take(source(1), 5000));
  CHECK(!rate.take(source(1), 0));
  CHECK(!rate.take(source(1), 5999));
  CHECK(rate.take(source(1), 6000));
}

UNIT_TEST("of more sources than there is room for, those that come too often stay known") {
  ArrivalRate rate;
  rate.configure(10, 1);
  for (uint32_t n = 0; n < 100; n++) {
    while (rate.take(source(n), 0)) {
    }
  }
  for (uint32_t n = 1000; n < 1000 + 10 * ArrivalRate::kSources; n++) rate.take(source(n), 1);
  int forgotten = 0;
  for (uint32_t n = 0; n < 100; n++) forgotten += rate.take(source(n), 2);
  CHECK_EQUAL(forgotten, 0);
}

}  // namespace wolfguard
