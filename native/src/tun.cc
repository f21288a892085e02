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

/** Those of a kernel younger than its headers here. */
constexpr unsigned long kTunUso4 = 0x20, kTunUso6 = 0x40;
/** What we cut ourselves (segmenter.h); ECN is still cut by the kernel. */
constexpr unsigned long kTcpOffloads = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6;

/** The best that the kernel grants; kNone with errno set. */
TunOffload set_offload(int fd) {
  if (::ioctl(fd, TUNSETOFFLOAD, kTcpOffloads | kTunUso4 | kTunUso6) == 0) {
    return TunOffload::kTcpAndUdp;
  }
  return ::ioctl(fd, TUNSETOFFLOAD, kTcpOffloads) == 0 ? TunOffload::kTcp : TunOffload::kNone;
}

}  // namespace

Result<TunDevice> open_tun(const std::string& name, int queues, bool offload) {
  if (!is_device_name(name) || queues < 1) return OsError{EINVAL, "TUNSETIFF"};
  const int flags = IFF_TUN | IFF_NO_PI | IFF_MULTI_QUEUE | (offload ? IFF_VNET_HDR : 0);
  TunDevice device{{}, TunOffload::kNone};
  for (int queue = 0; queue < queues; ++queue) {
    // Without EXCL the first queue would join a device of another server and share its packets.
    const int exclusive = queue == 0 ? IFF_TUN_EXCL : 0;
    auto fd = open_queue(name, static_cast<short>(flags | exclusive));
    if (fd.failed()) return fd.error();
    if (offload) {
      device.offload = set_offload(fd.value().get());
      if (device.offload == TunOffload::kNone) return OsError::last("TUNSETOFFLOAD");
    }
    device.queues.push_back(std::move(fd.value()));
  }
  return device;
}

}  // namespace wolfguard
