#include "heap_trim.h"

#include <malloc.h>

namespace wolfguard {

bool HeapTrim::check(int64_t now_ms) {
  if (!pending() || now_ms < due_ms_) return false;
  due_ms_ = 0;
#ifdef __GLIBC__
  malloc_trim(0);
#endif
  return true;
}

}  // namespace wolfguard
