#include "sockets.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

namespace wolfguard {
namespace {

// A login storm must not be refused while a worker is busy; the kernel cuts this to somaxconn.
constexpr int kBacklog = 4096;

struct Endpoint {
  sockaddr_storage storage{};
  socklen_t length = 0;
  bool dual_stack = false;

  int family() const { return storage.ss_family; }
};

Result<Endpoint> parse_endpoint(const std::string& address, int port) {
  Endpoint endpoint;
  if (port < 0 || port > 65535) return OsError{EINVAL, "bind"};
  auto* v4 = reinterpret_cast<sockaddr_in*>(&endpoint.storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&endpoint.storage);
  if (::inet_pton(AF_INET, address.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(static_cast<uint16_t>(port));
    endpoint.length = sizeof *v4;
    return endpoint;
  }
  if (::inet_pton(AF_INET6, address.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(static_cast<uint16_t>(port));
    endpoint.length = sizeof *v6;
    endpoint.dual_stack = IN6_IS_ADDR_UNSPECIFIED(&v6->sin6_addr);
    return endpoint;
  }
  return OsError{EINVAL, "inet_pton"};
}

OsError set_option(int fd, int level, int name, int value, const char* call) {
  if (::setsockopt(fd, level, name, &value, sizeof value) == 0) return {};
  return OsError::last(call);
}

/** A socket for the endpoint, which becomes 0.0.0.0 when it is '::' and there is no IPv6. */
Result<Fd> open_socket(Endpoint& endpoint, int type) {
  const int flags = type | SOCK_NONBLOCK | SOCK_CLOEXEC;
  Fd fd(::socket(endpoint.family(), flags, 0));
  if (!fd && errno == EAFNOSUPPORT && endpoint.dual_stack) {
    const in_port_t port = reinterpret_cast<sockaddr_in6*>(&endpoint.storage)->sin6_port;
    endpoint = Endpoint{};
    auto* v4 = reinterpret_cast<sockaddr_in*>(&endpoint.storage);
    v4->sin_family = AF_INET;
    v4->sin_port = port;
    endpoint.length = sizeof *v4;
    fd = Fd(::socket(AF_INET, flags, 0));
  }
  if (!fd) return OsError::last("socket");
  if (endpoint.family() == AF_INET6) {
    const int only = endpoint.dual_stack ? 0 : 1;
    const OsError error = set_option(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, only, "IPV6_V6ONLY");
    if (error.failed()) return error;
  }
  return fd;
}

OsError bind_to(const Fd& fd, const Endpoint& endpoint) {
  const auto* address = reinterpret_cast<const sockaddr*>(&endpoint.storage);
  if (::bind(fd.get(), address, endpoint.length) == 0) return {};
  return OsError::last("bind");
}

OsError set_path_options(int fd, int family) {
  if (family == AF_INET) {
    const OsError error = set_option(fd, IPPROTO_IP, IP_PKTINFO, 1, "IP_PKTINFO");
    if (error.failed()) return error;
  } else {
    OsError error = set_option(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1, "IPV6_RECVPKTINFO");
    if (error.failed()) return error;
    error = set_option(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DO, "IPV6_MTU_DISCOVER");
    if (error.failed()) return error;
  }
  // On a dual-stack socket this is what rules its IPv4 datagrams. DO: never fragmented, and too big
  // an error as soon as a router has said so (path_mtu.h).
  return set_option(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO, "IP_MTU_DISCOVER");
}

OsError set_reuse_port(int fd) {
  return set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1, "SO_REUSEPORT");
}

/** Our own sockets are made so. */
OsError set_flags(int fd) {
  if (::fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) return OsError::last("F_SETFD");
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0 || ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0) return OsError::last("F_SETFL");
  return {};
}

/** What the kernel really gave: it doubles the figure, for its own bookkeeping. */
int usable_bytes(int fd, int option) {
  int doubled = 0;
  socklen_t size = sizeof doubled;
  if (::getsockopt(fd, SOL_SOCKET, option, &doubled, &size) != 0) return 0;
  return doubled / 2;
}

}  // namespace

Result<Fd> listen_tcp(const std::string& address, int port) {
  auto endpoint = parse_endpoint(address, port);
  if (endpoint.failed()) return endpoint.error();
  auto fd = open_socket(endpoint.value(), SOCK_STREAM);
  if (fd.failed()) return fd.error();
  const int socket = fd.value().get();
  // REUSEADDR: a restart must not wait for connections in TIME_WAIT.
  OsError error = set_option(socket, SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR");
  if (error.failed()) return error;
  error = set_reuse_port(socket);
  if (error.failed()) return error;
  error = bind_to(fd.value(), endpoint.value());
  if (error.failed()) return error;
  if (::listen(socket, kBacklog) != 0) return OsError::last("listen");
  return fd;
}

Result<Fd> bind_udp(const std::string& address, int port, int buffer_bytes) {
  auto endpoint = parse_endpoint(address, port);
  if (endpoint.failed()) return endpoint.error();
  auto fd = open_socket(endpoint.value(), SOCK_DGRAM);
  if (fd.failed()) return fd.error();
  const int socket = fd.value().get();
  // No REUSEADDR: UDP has no TIME_WAIT, and with it any user's program could take the port too.
  OsError error = set_reuse_port(socket);
  if (error.failed()) return error;
  error = set_path_options(socket, endpoint.value().family());
  if (error.failed()) return error;
  (void)grow_buffers(socket, buffer_bytes);
  error = bind_to(fd.value(), endpoint.value());
  if (error.failed()) return error;
  return fd;
}

OsError adopt_tcp(int fd) {
  OsError error = set_flags(fd);
  if (!error.failed()) error = set_reuse_port(fd);
  if (error.failed()) return error;
  return ::listen(fd, kBacklog) == 0 ? OsError{} : OsError::last("listen");
}

OsError adopt_udp(int fd, int buffer_bytes) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &length) != 0) {
    return OsError::last("getsockname");
  }
  OsError error = set_flags(fd);
  if (!error.failed()) error = set_reuse_port(fd);
  if (!error.failed()) error = set_path_options(fd, storage.ss_family);
  (void)grow_buffers(fd, buffer_bytes);
  return error;
}

int grow_buffers(int fd, int bytes) {
  if (set_option(fd, SOL_SOCKET, SO_RCVBUFFORCE, bytes, "").failed()) {
    (void)set_option(fd, SOL_SOCKET, SO_RCVBUF, bytes, "");
  }
  if (set_option(fd, SOL_SOCKET, SO_SNDBUFFORCE, bytes, "").failed()) {
    (void)set_option(fd, SOL_SOCKET, SO_SNDBUF, bytes, "");
  }
  return std::min(usable_bytes(fd, SO_RCVBUF), usable_bytes(fd, SO_SNDBUF));
}

OsError probe_port(const std::string& address, int port, bool tcp) {
  auto endpoint = parse_endpoint(address, port);
  if (endpoint.failed()) return endpoint.error();
  auto fd = open_socket(endpoint.value(), tcp ? SOCK_STREAM : SOCK_DGRAM);
  if (fd.failed()) return fd.error();
  if (tcp) {
    const OsError error = set_option(fd.value().get(), SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR");
    if (error.failed()) return error;
  }
  const OsError error = bind_to(fd.value(), endpoint.value());
  if (error.failed() || !tcp) return error;
  // With REUSEADDR two sockets may bind; only one of them may listen.
  return ::listen(fd.value().get(), 1) == 0 ? OsError{} : OsError::last("listen");
}

Result<PeerCredentials> peer_credentials(int fd) {
  ucred credentials{};
  socklen_t length = sizeof credentials;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0) {
    return OsError::last("SO_PEERCRED");
  }
  return PeerCredentials{credentials.pid, credentials.uid, credentials.gid};
}

}  // namespace wolfguard
