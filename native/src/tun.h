// The TUN device that all workers share.
#pragma once

#include <string>
#include <vector>

#include "fd.h"
#include "os_error.h"
#include "tun_queue.h"

namespace wolfguard {

struct TunDevice {
  /** Non-blocking, close-on-exec. */
  std::vector<Fd> queues;
  TunOffload offload;
};

/**
 * Makes a new TUN device. Without offload its queues carry raw IP packets; with it a virtio header
 * ahead of each and super-packets: of TCP, and of UDP where the kernel has that (Linux 6.2). EBUSY:
 * there already is a device of that name. The call TUNSETOFFLOAD failing means that the kernel has
 * no offload.
 */
Result<TunDevice> open_tun(const std::string& name, int queues, bool offload);

}  // namespace wolfguard
