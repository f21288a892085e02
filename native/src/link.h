// Brings a network device up: MTU, queue length, addresses; routes networks to it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "os_error.h"

namespace wolfguard {

/** `bytes` has 4 or 16 of them. */
struct LinkAddress {
  std::vector<uint8_t> bytes;
  uint8_t prefix = 0;
};

struct LinkOptions {
  std::string name;
  uint32_t mtu = 0;
  uint32_t tx_queue_length = 0;
  std::vector<LinkAddress> addresses;
};

/** Sets all of it and the link up; repeating it changes nothing. */
OsError configure_link(const LinkOptions& options);

/**
 * Sends packets for that network to the device, or no longer. EEXIST: there is a route for it
 * already; ESRCH: there is none to take back; EINVAL: bits are set behind the prefix.
 */
OsError change_route(const std::string& device, const LinkAddress& network, bool present);

}  // namespace wolfguard
