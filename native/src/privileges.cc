#include "privileges.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstring>
#include <memory>
#include <string>

#include "fd.h"

namespace wolfguard {
namespace {

/** The sets that a thread could still raise a capability from; CapBnd matters to exec only. */
constexpr const char* kSets[] = {"CapInh:\t", "CapPrm:\t", "CapEff:\t", "CapAmb:\t"};
constexpr const char* kEmptySet = "0000000000000000\n";

Result<std::string> read_status(const char* tid) {
  const std::string path = std::string("/proc/self/task/") + tid + "/status";
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return OsError::last("open /proc/self/task");
  char text[8192];  // about 1.5 KiB today
  const ssize_t length = ::read(fd.get(), text, sizeof text);
  if (length < 0) return OsError::last("read /proc/self/task");
  return std::string(text, static_cast<size_t>(length));
}

bool all_sets_empty(const std::string& status) {
  for (const char* set : kSets) {
    const size_t at = status.find(set);
    if (at == std::string::npos) return false;
    if (status.compare(at + std::strlen(set), std::strlen(kEmptySet), kEmptySet) != 0) return false;
  }
  return true;
}

Result<bool> no_thread_has_capabilities() {
  const std::unique_ptr<DIR, int (*)(DIR*)> tasks(::opendir("/proc/self/task"), ::closedir);
  if (tasks == nullptr) return OsError::last("opendir /proc/self/task");
  while (const dirent* entry = ::readdir(tasks.get())) {
    if (entry->d_name[0] == '.') continue;
    auto status = read_status(entry->d_name);
    // A thread that has ended meanwhile has no capabilities.
    const int error = status.failed() ? status.error().code : 0;
    if (error == ENOENT || error == ESRCH) continue;
    if (status.failed()) return status.error();
    if (!all_sets_empty(status.value())) return false;
  }
  return true;
}

}  // namespace

OsError die_with_parent(pid_t parent_pid) {
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return OsError::last("PR_SET_PDEATHSIG");
  // It may have died before the call above; then another process has adopted us.
  if (::getppid() != parent_pid) return {ESRCH, "getppid"};
  return {};
}

Result<bool> has_no_capabilities(int patience_ms) {
  for (;; patience_ms--) {
    auto harmless = no_thread_has_capabilities();
    if (harmless.failed() || harmless.value() || patience_ms <= 0) return harmless;
    ::usleep(1000);
  }
}

OsError forbid_inspection() {
  if (::prctl(PR_SET_DUMPABLE, 0) != 0) return OsError::last("PR_SET_DUMPABLE");
  const rlimit none{0, 0};
  if (::setrlimit(RLIMIT_CORE, &none) != 0) return OsError::last("RLIMIT_CORE");
  return {};
}

OsError forbid_new_privileges() {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return OsError::last("PR_SET_NO_NEW_PRIVS");
  return {};
}

}  // namespace wolfguard
