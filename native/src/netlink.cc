#include "netlink.h"

#include <sys/socket.h>

namespace wolfguard {

Result<Netlink> Netlink::open() {
  Netlink netlink;
  netlink.socket_ = Fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!netlink.socket_) return OsError::last("socket AF_NETLINK");
  // The acknowledgement then does not repeat the request.
  const int on = 1;
  ::setsockopt(netlink.socket_.get(), SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
  return netlink;
}

OsError Netlink::request(NetlinkMessage& message, const char* call) {
  message.header().nlmsg_seq = ++sequence_;
  // A socket that is not connected sends to port 0: the kernel.
  if (::send(socket_.get(), &message.header(), message.header().nlmsg_len, 0) < 0) {
    return OsError::last(call);
  }
  for (;;) {
    alignas(nlmsghdr) uint8_t reply[4096];
    const ssize_t received = ::recv(socket_.get(), reply, sizeof reply, 0);
    if (received < 0 && errno == EINTR) continue;
    if (received < 0) return OsError::last(call);
    int left = static_cast<int>(received);
    for (auto* head = reinterpret_cast<nlmsghdr*>(reply); NLMSG_OK(head, left);
         head = NLMSG_NEXT(head, left)) {
      if (head->nlmsg_type != NLMSG_ERROR || head->nlmsg_seq != sequence_) continue;
      return {-static_cast<const nlmsgerr*>(NLMSG_DATA(head))->error, call};
    }
  }
}

}  // namespace wolfguard
