#include "descriptors.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

namespace wolfguard {

OsError keep_descriptors() {
  DIR* folder = opendir("/proc/self/fd");
  if (folder == nullptr) return OsError::last("opendir");
  while (const dirent* entry = readdir(folder)) {
    const int fd = atoi(entry->d_name);
    if (fd > STDERR_FILENO) fcntl(fd, F_SETFD, FD_CLOEXEC);
  }
  closedir(folder);
  return {};
}

}  // namespace wolfguard
