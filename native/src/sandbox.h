// The cage of a worker: what a Node process that serves open sockets needs, and nothing else.
#pragma once

#include "os_error.h"

namespace wolfguard {

/**
 * Closes the cage around every thread of the process, for good. The user must have been changed
 * before: a capability that a thread still has is ENOTEMPTY, since it could not be taken from
 * the threads that Node has started. An io_uring is EBADFD: see io_uring.h.
 */
OsError enter_worker_sandbox();

}  // namespace wolfguard
