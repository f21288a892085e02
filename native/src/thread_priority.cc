#include "thread_priority.h"

#include <dirent.h>
#include <sched.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>

namespace wolfguard {
namespace {

/** Nine tenths of a core for the packet thread against one of the others. */
constexpr int kNiceDistance = 10;
constexpr int kMostNice = 19;

/** Of real-time priorities the least: whatever else the machine has of them comes first. */
constexpr int kUrgentPriority = 1;

}  // namespace

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
  ::sched_setscheduler(0, SCHED_OTHER, &shared);
  return false;
}

void put_others_behind(pid_t thread) {
  const std::unique_ptr<DIR, int (*)(DIR*)> tasks(::opendir("/proc/self/task"), ::closedir);
  if (tasks == nullptr) return;
  const int nice = std::min(::getpriority(PRIO_PROCESS, 0) + kNiceDistance, kMostNice);
  while (const dirent* entry = ::readdir(tasks.get())) {
    const auto other = static_cast<id_t>(std::atoi(entry->d_name));
    if (other != 0 && other != static_cast<id_t>(thread)) {
      ::setpriority(PRIO_PROCESS, other, nice);
    }
  }
}

}  // namespace wolfguard
