// The packet thread comes first. By itself the scheduler would let a packet wait for milliseconds
// behind handshakes, JavaScript and its garbage collector, who want the same cores.
//
//   allowed (root, CAP_SYS_NICE)   packet thread at nice -10, everything else as it was
//   refused (some containers)      packet thread as it was, everything else of the worker at nice
//   10
#pragma once

#include <sys/types.h>

namespace wolfguard {

/** Puts the calling thread before all others; false where that is not allowed. */
bool put_this_thread_first();

/** Puts every thread that the process has now behind that one; those to come inherit it. */
void put_others_behind(pid_t thread);

}  // namespace wolfguard
