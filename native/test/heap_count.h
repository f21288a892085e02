// How much heap something takes, in the bytes that were asked for. Only where AddressSanitizer is
// the allocator, which it is in these tests.
#pragma once

#include <cstdint>

namespace wolfguard {

/** One at a time. */
class HeapCount {
 public:
  HeapCount();
  ~HeapCount();
  HeapCount(const HeapCount&) = delete;
  HeapCount& operator=(const HeapCount&) = delete;
  /** What this thread has allocated since and not freed; negative when it freed more. */
  int64_t bytes() const;
};

}  // namespace wolfguard
