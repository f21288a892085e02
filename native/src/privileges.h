// What a worker gives up before it speaks to strangers, apart from system calls.
#pragma once

#include <sys/types.h>

#include "os_error.h"

namespace wolfguard {

/**
 * SIGKILL for this process when its parent dies. ESRCH: the parent is not (or no longer)
 * `parent_pid`. The kernel forgets this when user or group ids change: call it after that.
 */
OsError die_with_parent(pid_t parent_pid);

/**
 * Whether no thread of this process has a capability; EIO when /proc does not say. setuid() leaves
 * out a thread that is just ending, which the kernel shows a little longer: such are waited for.
 */
Result<bool> has_no_capabilities(int patience_ms);

/** No ptrace by others of the same user, no core file: both would hold keys. */
OsError forbid_inspection();

/** An exec can give nothing back. Holds for this thread and what it starts; seccomp spreads it. */
OsError forbid_new_privileges();

}  // namespace wolfguard
