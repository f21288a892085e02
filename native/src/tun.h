// The TUN device that all workers share.
#pragma once

#include <string>
#include <vector>

#include "fd.h"
#include "os_error.h"

namespace wolfguard {

/**
 * Makes a new TUN device and gives one descriptor for each of its queues: non-blocking,
 * close-on-exec, raw IP packets without a header. EBUSY: there already is a device of that name.
 */
Result<std::vector<Fd>> open_tun(const std::string& name, int queues);

}  // namespace wolfguard
