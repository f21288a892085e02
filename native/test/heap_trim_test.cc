#include "heap_trim.h"

#include "unit.h"

namespace wolfguard {

UNIT_TEST("the heap is trimmed once, when no handshake has begun for a while") {
  HeapTrim trim;
  CHECK(!trim.pending());
  CHECK(!trim.check(1'000'000));
  trim.note(1000);
  trim.note(2000);
  CHECK(trim.pending());
  CHECK(!trim.check(2000 + HeapTrim::kQuietMs - 1));
  CHECK(trim.check(2000 + HeapTrim::kQuietMs));
  CHECK(!trim.pending());
  CHECK(!trim.check(1'000'000));
}

}  // namespace wolfguard
