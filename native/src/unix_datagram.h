// One datagram to a Unix socket of somebody else: a service manager, a journal, a syslog.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "os_error.h"

namespace wolfguard {

enum class Delivery {
  kSent,
  /** The receiver reads too slowly; it may take the next one. */
  kFull,
  /** Nobody receives there, or nobody who takes datagrams from us. */
  kGone,
};

/**
 * Sends without waiting. A path that begins with '@' is an abstract name. Errors: EINVAL and
 * ENAMETOOLONG for what is no path of a socket, EMSGSIZE for more than a datagram holds.
 */
Result<Delivery> send_unix_datagram(const std::string& path, std::span<const uint8_t> data);

}  // namespace wolfguard
