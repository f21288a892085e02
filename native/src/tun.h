// The TUN device that all workers share.
#pragma once

#include <string>
#include <vector>

#include "fd.h"
#include "os_error.h"

namespace wolfguard {

/**
 * Makes a new TUN device and gives one descriptor for each of its queues: non-blocking,
 * close-on-exec. Without offload they carry raw IP packets; with it a virtio header ahead of each,
 * and TCP super-packets. EBUSY: there already is a device of that name. The call TUNSETOFFLOAD
 * failing means that the kernel has no offload.
 */
Result<std::vector<Fd>> open_tun(const std::string& name, int queues, bool offload);

}  // namespace wolfguard
