// Threads that still have what the process gave up. Each case is a process of its own: what it
// gives up is gone for good.
#include "privileges.h"

#include <linux/capability.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>

#include "unit.h"

namespace wolfguard {
namespace {

constexpr int kEmpty = 0, kPrivileged = 1, kBroken = 2;
constexpr int kPatienceMs = 100;

std::atomic<bool> running{false};

void* keep_capabilities(void* milliseconds) {
  running = true;
  ::usleep(static_cast<useconds_t>(reinterpret_cast<intptr_t>(milliseconds) * 1000));
  return nullptr;
}

/** The system call, unlike setuid(), changes the calling thread only. */
bool give_up_own() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct none[2] = {};
  return ::syscall(SYS_capset, &header, none) == 0;
}

/** What the check says in a process whose second thread keeps its capabilities for that long. */
int verdict_with_thread(int milliseconds) {
  const pid_t child = ::fork();
  if (child == 0) {
    pthread_t thread;
    if (::pthread_create(&thread, nullptr, keep_capabilities,
                         reinterpret_cast<void*>(static_cast<intptr_t>(milliseconds))) != 0) {
      ::_exit(kBroken);
    }
    while (!running) ::usleep(1000);
    if (!give_up_own()) ::_exit(kBroken);
    auto harmless = has_no_capabilities(kPatienceMs);
    ::_exit(harmless.failed() ? kBroken : harmless.value() ? kEmpty : kPrivileged);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : kBroken;
}

}  // namespace

UNIT_TEST("a thread that ends soon may still have capabilities, one that stays may not") {
  CHECK_EQUAL(verdict_with_thread(20), kEmpty);
  // Who has none to begin with can keep none.
  CHECK_EQUAL(verdict_with_thread(5000), ::geteuid() == 0 ? kPrivileged : kEmpty);
}

}  // namespace wolfguard
