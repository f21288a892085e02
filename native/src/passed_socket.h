// Sockets that somebody has opened for this process: a service manager, before it was started.
#pragma once

#include <string>

#include "os_error.h"

namespace wolfguard {

enum class SocketKind { kTcp, kUdp, kUnix, kOther };

struct PassedSocket {
  SocketKind kind = SocketKind::kOther;
  /** Of the network: the numeric address. Of Unix: the path, '@' in front of an abstract name. */
  std::string address;
  int port = 0;
  /** An IPv6 socket that takes IPv4 too. */
  bool dual_stack = false;
};

/** EBADF or ENOTSOCK for a descriptor that is no socket. A Unix socket of datagrams is kOther. */
Result<PassedSocket> describe_socket(int fd);

}  // namespace wolfguard
