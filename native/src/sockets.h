// The sockets that clients reach. Each worker has its own on the same port (SO_REUSEPORT).
#pragma once

#include <sys/types.h>

#include <string>

#include "fd.h"
#include "os_error.h"

namespace wolfguard {

/** A listening TCP socket. '::' takes IPv4 too, and is 0.0.0.0 where the kernel has no IPv6. */
Result<Fd> listen_tcp(const std::string& address, int port);

/**
 * A bound UDP socket. Datagrams bear their local address: IP_PKTINFO on an IPv4 socket,
 * IPV6_PKTINFO (v4-mapped for IPv4) on an IPv6 one. DF is set and the kernel's idea of the path
 * MTU is not heeded: the tunnel finds its own. `buffer_bytes` each way, cut to rmem_max and
 * wmem_max without CAP_NET_ADMIN.
 */
Result<Fd> bind_udp(const std::string& address, int port, int buffer_bytes);

/**
 * Makes a socket that somebody else has bound like those above, so that further ones of our own can
 * share its port: for that, its owner must be our user. `buffer_bytes` is for UDP; a TCP socket
 * listens afterwards.
 */
OsError adopt_tcp(int fd);
OsError adopt_udp(int fd, int buffer_bytes);

/**
 * Asks for socket buffers of `bytes` each way, beyond rmem_max and wmem_max where CAP_NET_ADMIN
 * allows it; what the smaller one really holds.
 */
int grow_buffers(int fd, int bytes);

/**
 * EADDRINUSE when any other socket has the port, also one that would share it with ours: a second
 * server of the same user. To be asked before the first listen_tcp or bind_udp.
 */
OsError probe_port(const std::string& address, int port, bool tcp);

/** Credentials of the other end of a connected Unix socket. */
struct PeerCredentials {
  pid_t pid = 0;
  uid_t uid = 0;
  gid_t gid = 0;
};

Result<PeerCredentials> peer_credentials(int fd);

}  // namespace wolfguard
