#include "mailbox.h"

#include <sys/socket.h>

namespace wolfguard {
namespace {

// The sender is charged for what waits: room for 128 super-packets of 64 KiB, the kernel's
// bookkeeping of about as much again is granted by its doubling of this figure.
constexpr int kSendBufferBytes = 128 * 64 * 1024;

}  // namespace

Result<Mailbox> open_mailbox() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0) {
    return OsError::last("socketpair");
  }
  Mailbox mailbox{Fd(ends[0]), Fd(ends[1])};
  const int bytes = kSendBufferBytes;
  if (::setsockopt(mailbox.send.get(), SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof bytes) != 0) {
    // Without CAP_NET_ADMIN the kernel cuts it to wmem_max: a shorter burst fits.
    ::setsockopt(mailbox.send.get(), SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
  }
  return mailbox;
}

}  // namespace wolfguard
