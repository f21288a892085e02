// How much heap something takes, in the bytes that were asked for. Only where AddressSanitizer is
// the allocator, which it is in these tests.
#pragma once

#include <cstdint>

namespace wolfguard {

class HeapCount {
 public:
  HeapCount();
  /** What has been allocated since and not been freed; negative when more was freed. */
  int64_t bytes() const;

 private:
  int64_t before_;
};

}  // namespace wolfguard
