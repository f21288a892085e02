#include "sandbox.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/if_tun.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "privileges.h"
#include "seccomp_filter.h"

#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#endif

namespace wolfguard {
namespace {

/** Descriptors that are open already: nothing here makes a new way out. */
void allow_input_and_output(SeccompFilter& filter) {
  filter.allow({__NR_read,           __NR_write,           __NR_readv,
                __NR_writev,         __NR_pread64,         __NR_pwrite64,
                __NR_close,          __NR_lseek,           __NR_fsync,
                __NR_fdatasync,      __NR_fstat,           __NR_dup,
                __NR_dup3,           __NR_pipe2,           __NR_eventfd2,
                __NR_timerfd_create, __NR_timerfd_settime, __NR_timerfd_gettime,
                __NR_epoll_create1,  __NR_epoll_ctl,       __NR_epoll_pwait,
                __NR_ppoll,          __NR_pselect6});
#ifdef __NR_epoll_pwait2
  filter.allow({__NR_epoll_pwait2});
#endif
#ifdef __x86_64__
  filter.allow({__NR_epoll_wait, __NR_poll, __NR_select, __NR_dup2, __NR_pipe});
#endif
  filter.allow_if_argument_is(__NR_fcntl, 1,
                              {F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD, F_SETFD, F_GETFL, F_SETFL});
  // The last two ask and set what a TUN queue hands over; none of these needs a privilege.
  filter.allow_if_argument_is(
      __NR_ioctl, 1,
      {FIONBIO, FIONREAD, FIOCLEX, FIONCLEX, TCGETS, TIOCGWINSZ, TUNGETIFF, TUNSETOFFLOAD});
}

/** No socket(), connect() or bind(): a worker answers, it calls nobody. */
void allow_open_sockets(SeccompFilter& filter) {
  filter.allow({__NR_accept, __NR_accept4, __NR_recvfrom, __NR_recvmsg, __NR_recvmmsg, __NR_sendto,
                __NR_sendmsg, __NR_sendmmsg, __NR_getsockopt, __NR_setsockopt, __NR_getsockname,
                __NR_getpeername, __NR_shutdown});
  filter.allow_if_argument_is(__NR_socketpair, 0, {AF_UNIX});
}

/** mprotect and mmap with PROT_EXEC are V8's compiler at work. */
void allow_memory(SeccompFilter& filter) {
  filter.allow({__NR_mmap, __NR_munmap, __NR_mprotect, __NR_madvise, __NR_mremap, __NR_brk,
                __NR_pkey_alloc, __NR_pkey_mprotect, __NR_pkey_free});
}

void allow_threads_and_signals(SeccompFilter& filter) {
  filter.allow({__NR_futex, __NR_set_robust_list, __NR_get_robust_list, __NR_rseq, __NR_membarrier,
                __NR_set_tid_address, __NR_sched_yield, __NR_sched_getaffinity, __NR_sched_getparam,
                __NR_sched_getscheduler, __NR_rt_sigaction, __NR_rt_sigprocmask, __NR_rt_sigreturn,
                __NR_rt_sigtimedwait, __NR_sigaltstack, __NR_restart_syscall, __NR_exit,
                __NR_exit_group});
  // A thread, not a process.
  filter.allow_if_bits(__NR_clone, 0, CLONE_VM | CLONE_SIGHAND | CLONE_THREAD, EPERM);
  // Its flags lie in memory, where a filter cannot look; glibc falls back to clone.
  filter.refuse({__NR_clone3}, ENOSYS);
  // The packet thread steps back from its urgency; without privilege no thread gets more than it
  // has (thread_priority.h).
  filter.allow_if_argument_is(__NR_sched_setscheduler, 0, {0});
  // abort() and pthread_kill within this process.
  filter.allow_if_argument_is(__NR_tgkill, 0, {static_cast<uint32_t>(::getpid())});
  filter.allow_if_argument_is(__NR_prctl, 0, {PR_SET_NAME, PR_GET_NAME, PR_SET_VMA});
}

void allow_questions(SeccompFilter& filter) {
  filter.allow({__NR_clock_gettime, __NR_clock_getres, __NR_clock_nanosleep, __NR_nanosleep,
                __NR_gettimeofday,  __NR_getrandom,    __NR_getpid,          __NR_gettid,
                __NR_getppid,       __NR_getuid,       __NR_geteuid,         __NR_getgid,
                __NR_getegid,       __NR_getresuid,    __NR_getresgid,       __NR_getgroups,
                __NR_capget,        __NR_getpriority,  __NR_getrlimit,       __NR_getrusage,
                __NR_times,         __NR_uname,        __NR_sysinfo,         __NR_getcpu,
                __NR_getcwd});
#ifdef __x86_64__
  filter.allow({__NR_time, __NR_getpgrp});
#endif
  // To ask for a limit of our own: pid 0, nothing to set.
  filter.allow_if_zero(__NR_prlimit64, {0, 2});
}

/** Libraries look files up when first used; "not permitted" lets them go on without. */
void refuse_files_softly(SeccompFilter& filter) {
  // Of what is open already (fstat in a new dress); glibc and libuv use either.
  filter.allow_if_bits(__NR_newfstatat, 3, AT_EMPTY_PATH, EACCES);
  filter.allow_if_bits(__NR_statx, 2, AT_EMPTY_PATH, EACCES);
  filter.refuse({__NR_openat, __NR_openat2, __NR_faccessat, __NR_readlinkat}, EACCES);
#ifdef __NR_faccessat2
  filter.refuse({__NR_faccessat2}, EACCES);
#endif
#ifdef __x86_64__
  filter.refuse({__NR_open, __NR_access, __NR_readlink, __NR_stat, __NR_lstat}, EACCES);
#endif
}

/** libuv aborts when it has a ring and io_uring_enter is refused: better to say so before. */
Result<bool> has_io_uring() {
  const std::unique_ptr<DIR, int (*)(DIR*)> fds(::opendir("/proc/self/fd"), ::closedir);
  if (fds == nullptr) return OsError::last("opendir /proc/self/fd");
  while (const dirent* entry = ::readdir(fds.get())) {
    char target[PATH_MAX];
    const std::string link = std::string("/proc/self/fd/") + entry->d_name;
    const ssize_t length = ::readlink(link.c_str(), target, sizeof target);
    if (length < 0) continue;
    if (std::string_view(target, static_cast<size_t>(length)) == "anon_inode:[io_uring]") {
      return true;
    }
  }
  return false;
}

/** Node loads its certificates in a thread of its own that ends some time after the start. */
constexpr int kEndingThreadMs = 200;

}  // namespace

OsError enter_worker_sandbox() {
  auto harmless = has_no_capabilities(kEndingThreadMs);
  if (harmless.failed()) return harmless.error();
  if (!harmless.value()) return {ENOTEMPTY, "capabilities"};
  auto ring = has_io_uring();
  if (ring.failed()) return ring.error();
  if (ring.value()) return {EBADFD, "io_uring"};
  if (auto error = forbid_inspection(); error.failed()) return error;
  if (auto error = forbid_new_privileges(); error.failed()) return error;
  SeccompFilter filter;
  allow_input_and_output(filter);
  allow_open_sockets(filter);
  allow_memory(filter);
  allow_threads_and_signals(filter);
  allow_questions(filter);
  refuse_files_softly(filter);
  // TSYNC: on all threads or on none. It spreads no_new_privs along with the filter.
  return std::move(filter).install(SECCOMP_FILTER_FLAG_TSYNC);
}

}  // namespace wolfguard
