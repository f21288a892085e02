// libuv opens an io_uring for its epoll in every Node process, and what goes through a ring goes
// past seccomp. So the primary forbids the making of rings for itself and all its children before
// it forks the first: a process that finds none falls back to plain system calls.
#pragma once

#include "os_error.h"

namespace wolfguard {

/** For this process's threads and all later children; needs root. io_uring_setup says ENOSYS. */
OsError deny_io_uring();

}  // namespace wolfguard
