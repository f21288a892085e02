#include "heap_count.h"

#include <pthread.h>

#include <atomic>
#include <cstddef>

// From <sanitizer/allocator_interface.h>, which not every compiler's package brings along.
extern "C" {
int __sanitizer_install_malloc_and_free_hooks(void (*on_malloc)(const volatile void*, size_t),
                                              void (*on_free)(const volatile void*));
size_t __sanitizer_get_allocated_size(const volatile void* block);
}

namespace wolfguard {

namespace {

/**
 * The thread that counts: what the others do meanwhile is none of the test's business. No
 * thread_local variable: the first use of one in a thread allocates, and would come back here.
 */
std::atomic<pthread_t> counting{};
int64_t allocated = 0;

void on_malloc(const volatile void*, size_t size) {
  if (counting.load() == pthread_self()) allocated += static_cast<int64_t>(size);
}

void on_free(const volatile void* block) {
  if (block == nullptr || counting.load() != pthread_self()) return;
  allocated -= static_cast<int64_t>(__sanitizer_get_allocated_size(block));
}

}  // namespace

HeapCount::HeapCount() {
  // They cannot be taken away again.
  static const int installed = __sanitizer_install_malloc_and_free_hooks(on_malloc, on_free);
  static_cast<void>(installed);
  allocated = 0;
  counting = pthread_self();
}

HeapCount::~HeapCount() { counting = pthread_t{}; }

int64_t HeapCount::bytes() const { return allocated; }

}  // namespace wolfguard
