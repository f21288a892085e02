#include "passed_socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstddef>

namespace wolfguard {
namespace {

Result<int> int_option(int fd, int level, int name, const char* call) {
  int value = 0;
  socklen_t size = sizeof value;
  if (::getsockopt(fd, level, name, &value, &size) != 0) return OsError::last(call);
  return value;
}

SocketKind kind_of(int family, int type) {
  const bool of_network = family == AF_INET || family == AF_INET6;
  if (of_network && type == SOCK_STREAM) return SocketKind::kTcp;
  if (of_network && type == SOCK_DGRAM) return SocketKind::kUdp;
  return family == AF_UNIX && type == SOCK_STREAM ? SocketKind::kUnix : SocketKind::kOther;
}

std::string unix_name(const sockaddr_un& address, socklen_t length) {
  const size_t offset = offsetof(sockaddr_un, sun_path);
  if (length <= offset) return "";
  std::string name(address.sun_path, length - offset);
  if (name.front() == '\0') {
    name.front() = '@';
    return name;
  }
  return name.c_str();
}

}  // namespace

Result<PassedSocket> describe_socket(int fd) {
  auto type = int_option(fd, SOL_SOCKET, SO_TYPE, "SO_TYPE");
  if (type.failed()) return type.error();
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &length) != 0) {
    return OsError::last("getsockname");
  }
  PassedSocket socket{kind_of(storage.ss_family, type.value()), "", 0, false};
  char text[INET6_ADDRSTRLEN] = "";
  if (storage.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(storage);
    socket.address = ::inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
    socket.port = ntohs(v4.sin_port);
  } else if (storage.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(storage);
    socket.address = ::inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
    socket.port = ntohs(v6.sin6_port);
    auto only = int_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, "IPV6_V6ONLY");
    if (only.failed()) return only.error();
    socket.dual_stack = only.value() == 0;
  } else if (storage.ss_family == AF_UNIX) {
    socket.address = unix_name(reinterpret_cast<const sockaddr_un&>(storage), length);
  }
  return socket;
}

}  // namespace wolfguard
