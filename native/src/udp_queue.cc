#include "udp_queue.h"

#include <linux/sock_diag.h>
#include <sys/socket.h>

#include <array>

namespace wolfguard {

namespace {

using MemoryInfo = std::array<uint32_t, SK_MEMINFO_VARS>;

/** All zeros where the kernel does not say. */
MemoryInfo memory_info(int fd) {
  MemoryInfo info{};
  socklen_t size = sizeof info;
  getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info.data(), &size);
  return info;
}

}  // namespace

UdpQueue::UdpQueue(std::vector<int> sockets) {
  for (const int fd : sockets) sockets_.push_back({fd, memory_info(fd)[SK_MEMINFO_DROPS]});
}

UdpQueue::State UdpQueue::look() {
  State state;
  for (Socket& socket : sockets_) {
    const MemoryInfo info = memory_info(socket.fd);
    state.waiting_bytes += info[SK_MEMINFO_RMEM_ALLOC];
    // The kernel's counter has 32 bits.
    dropped_ += static_cast<uint32_t>(info[SK_MEMINFO_DROPS] - socket.drops);
    socket.drops = info[SK_MEMINFO_DROPS];
  }
  state.dropped = dropped_;
  return state;
}

}  // namespace wolfguard
