#include "tun.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>

#include <cstring>

namespace wolfguard {
namespace {

Result<Fd> open_queue(const std::string& name, short flags) {
  Fd fd(::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (!fd) return OsError::last("open /dev/net/tun");
  ifreq request{};
  std::memcpy(request.ifr_name, name.data(), name.size());
  request.ifr_flags = flags;
  if (::ioctl(fd.get(), TUNSETIFF, &request) != 0) return OsError::last("TUNSETIFF");
  return fd;
}

/** The kernel takes '%' for a pattern and would make up another name. */
bool is_device_name(const std::string& name) {
  return !name.empty() && name.size() < IFNAMSIZ && name.find('%') == std::string::npos;
}

}  // namespace

Result<std::vector<Fd>> open_tun(const std::string& name, int queues, bool offload) {
  if (!is_device_name(name) || queues < 1) return OsError{EINVAL, "TUNSETIFF"};
  const int flags = IFF_TUN | IFF_NO_PI | IFF_MULTI_QUEUE | (offload ? IFF_VNET_HDR : 0);
  std::vector<Fd> fds;
  for (int queue = 0; queue < queues; ++queue) {
    // Without EXCL the first queue would join a device of another server and share its packets.
    const int exclusive = queue == 0 ? IFF_TUN_EXCL : 0;
    auto fd = open_queue(name, static_cast<short>(flags | exclusive));
    if (fd.failed()) return fd.error();
    // What we cut ourselves (segmenter.h); UDP and ECN are still cut by the kernel.
    constexpr unsigned long kOffloads = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6;
    if (offload && ::ioctl(fd.value().get(), TUNSETOFFLOAD, kOffloads) != 0) {
      return OsError::last("TUNSETOFFLOAD");
    }
    fds.push_back(std::move(fd.value()));
  }
  return fds;
}

}  // namespace wolfguard
