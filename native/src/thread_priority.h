// The packet thread comes first. By itself the scheduler would let a packet wait for milliseconds
// behind handshakes, JavaScript and its garbage collector, who want the same cores.
//
//   allowed (root, CAP_SYS_NICE)   urgent while calm (SCHED_FIFO, urgency.h), usual while busy
//   refused (some containers)      usual, and everything else of the worker at nice 10
//
// Busy, it is better not first: who is woken for every single datagram finds one at a time, and a
// stock client's upload costs twice the CPU. To step back is free to all; to become urgent again
// takes CAP_SYS_NICE, which a worker has given away: its primary does that for it when it says that
// it is calm.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "os_error.h"
#include "urgency.h"

namespace wolfguard {

/**
 * A thread that runs the moment it wakes up; 0: the calling one. EPERM without CAP_SYS_NICE, ESRCH
 * when there is none.
 */
OsError make_urgent(pid_t thread);

/** Keeps the thread that has made it urgent while it is calm, and else not. */
class UrgentThread {
 public:
  /** While the process is still root's. Where urgency is not allowed it never changes anything. */
  UrgentThread();

  /**
   * Often, for instance at every wake-up: looks seldom. true: the thread is calm and may not make
   * itself urgent; somebody with the privilege should.
   */
  bool adapt(int64_t now_ms) { return allowed_ && urgency_.due(now_ms) && look(now_ms); }
  bool allowed() const { return allowed_; }
  pid_t thread() const { return thread_; }

 private:
  bool look(int64_t now_ms);

  pid_t thread_;
  bool allowed_;
  Urgency urgency_;
  UrgencyRequests requests_;
};

/** Puts every thread that the process has now behind that one; those to come inherit it. */
void put_others_behind(pid_t thread);

}  // namespace wolfguard
