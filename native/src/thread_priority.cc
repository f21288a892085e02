#include "thread_priority.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

#include "fd.h"

namespace wolfguard {
namespace {

/**
 * Between the packet thread and the others: nine tenths of a core against one of them, and no
 * more. Under a flood of packets the rest of the machine still runs.
 */
constexpr int kNiceDistance = 10;
constexpr int kLeastNice = -20, kMostNice = 19;
/**
 * Who wants the core for a shorter time interrupts who has it, the moment it wakes up. This is the
 * least that the kernel takes. Linux before 6.12 has one time for all and ignores it.
 */
constexpr uint64_t kFirstSliceNs = 100'000;

/** Of real-time priorities the least: whatever else the machine has of them comes first. */
constexpr int kUrgentPriority = 1;

/** As in linux/sched/types.h, which clashes with glibc's sched.h. */
struct SchedulingAttributes {
  uint32_t size = sizeof(SchedulingAttributes), policy = SCHED_OTHER;
  uint64_t flags = 0;
  int32_t nice = 0;
  uint32_t priority = 0;
  uint64_t runtime_ns = 0, deadline_ns = 0, period_ns = 0;
};

/** What the operator started us with, before the change. */
int own_nice() { return ::getpriority(PRIO_PROCESS, 0); }

bool set_this_thread(int nice) {
  SchedulingAttributes attributes;
  attributes.nice = nice;
  attributes.runtime_ns = kFirstSliceNs;
  return ::syscall(SYS_sched_setattr, 0, &attributes, 0) == 0;
}

/**
 * Where sessions are scheduled as groups (autogroup), a worker is a group of its own and the nice
 * values of threads hold within it only: then the group has one, too.
 */
void raise_session_group() {
  const Fd fd(::open("/proc/self/autogroup", O_WRONLY | O_CLOEXEC));
  if (!fd) return;
  const std::string nice = std::to_string(-kNiceDistance);
  [[maybe_unused]] const ssize_t n = ::write(fd.get(), nice.data(), nice.size());
}

}  // namespace

bool put_this_thread_first() {
  if (set_this_thread(std::max(own_nice() - kNiceDistance, kLeastNice))) {
    raise_session_group();
    return true;
  }
  set_this_thread(own_nice());  // the slice needs no privilege
  return false;
}

OsError make_urgent(pid_t thread) {
  const sched_param parameters{kUrgentPriority};
  if (::sched_setscheduler(thread, SCHED_FIFO, &parameters) == 0) return {};
  return OsError::last("sched_setscheduler");
}

/** With the limit a thread needs nobody to become urgent again; setting it may be refused. */
UrgentThread::UrgentThread() : thread_(::gettid()), allowed_(!make_urgent(0).failed()) {
  const rlimit limit{kUrgentPriority, kUrgentPriority};
  if (allowed_) ::setrlimit(RLIMIT_RTPRIO, &limit);
}

/** The kernel is asked for the present class: others change it, too. */
bool UrgentThread::look(int64_t now_ms) {
  timespec used{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  const bool wanted = urgency_.update(now_ms, used.tv_sec * 1'000'000'000 + used.tv_nsec);
  const bool urgent = ::sched_getscheduler(0) == SCHED_FIFO;
  if (wanted && urgent) requests_.granted();
  if (wanted == urgent) return false;
  if (wanted) return make_urgent(0).failed() && requests_.due(now_ms);
  const sched_param shared{};
  ::sched_setscheduler(0, SCHED_OTHER, &shared);  // nice value and slice are as they were
  return false;
}

void put_others_behind(pid_t thread) {
  const std::unique_ptr<DIR, int (*)(DIR*)> tasks(::opendir("/proc/self/task"), ::closedir);
  if (tasks == nullptr) return;
  const int nice = std::min(own_nice() + kNiceDistance, kMostNice);
  while (const dirent* entry = ::readdir(tasks.get())) {
    const auto other = static_cast<id_t>(std::atoi(entry->d_name));
    if (other != 0 && other != static_cast<id_t>(thread)) {
      ::setpriority(PRIO_PROCESS, other, nice);
    }
  }
}

}  // namespace wolfguard
