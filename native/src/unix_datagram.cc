#include "unix_datagram.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cstddef>
#include <cstring>

#include "fd.h"

namespace wolfguard {

Result<Delivery> send_unix_datagram(const std::string& path, std::span<const uint8_t> data) {
  sockaddr_un address{};
  if (path.empty() || path.find('\0') != std::string::npos) return OsError{EINVAL, "sendto"};
  if (path.size() >= sizeof address.sun_path) return OsError{ENAMETOOLONG, "sendto"};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  const bool abstract = path.front() == '@';
  if (abstract) address.sun_path[0] = '\0';
  // Of an abstract name every byte counts: no NUL at its end.
  const auto length =
      static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + (abstract ? 0 : 1));
  // A socket for each: the kernel charges what is not read yet to the sender's, and one receiver
  // that does not read would use up the room for all others.
  const Fd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return OsError::last("socket");
  const ssize_t sent = ::sendto(fd.get(), data.data(), data.size(), MSG_NOSIGNAL,
                                reinterpret_cast<const sockaddr*>(&address), length);
  if (sent >= 0) return Delivery::kSent;
  if (errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM) return Delivery::kFull;
  if (errno == EMSGSIZE) return OsError::last("sendto");
  return Delivery::kGone;
}

}  // namespace wolfguard
