#include "path_mtu.h"

#include <linux/errqueue.h>
#include <netinet/in.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "tunnel.h"

namespace wolfguard {

namespace {

constexpr uint32_t kIpv4Header = 20, kIpv6Header = 40, kUdpHeader = 8;
/** In front of the packet in every record [oc 8.1]. */
constexpr uint32_t kTypeSize = 1;

/** On a dual-stack socket the one of IPPROTO_IP rules what goes to IPv4 addresses. */
void set_error_queue(int fd, int on) {
  setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof on);
  setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof on);
}

/** The MTU that the first error in the queue names, if that is our kernel's own. */
uint32_t read_error_queue(int fd) {
  alignas(cmsghdr) uint8_t control[256];
  msghdr header{};
  header.msg_control = control;
  header.msg_controllen = sizeof control;
  if (recvmsg(fd, &header, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) return 0;
  for (cmsghdr* at = CMSG_FIRSTHDR(&header); at != nullptr; at = CMSG_NXTHDR(&header, at)) {
    const bool is_error = (at->cmsg_level == IPPROTO_IP && at->cmsg_type == IP_RECVERR) ||
                          (at->cmsg_level == IPPROTO_IPV6 && at->cmsg_type == IPV6_RECVERR);
    if (!is_error || at->cmsg_len < CMSG_LEN(sizeof(sock_extended_err))) continue;
    sock_extended_err error;
    memcpy(&error, CMSG_DATA(at), sizeof error);
    if (error.ee_origin == SO_EE_ORIGIN_LOCAL && error.ee_errno == EMSGSIZE) return error.ee_info;
  }
  return 0;
}

uint16_t seconds(int64_t ms) { return static_cast<uint16_t>(ms / 1000); }

}  // namespace

uint32_t resend_for_mtu(int fd, const msghdr& datagram) {
  // Only for this moment: with it on, errors about any client would fail sends to all others.
  set_error_queue(fd, 1);
  uint32_t mtu = 0;
  if (sendmsg(fd, &datagram, MSG_DONTWAIT) < 0 && errno == EMSGSIZE) mtu = read_error_queue(fd);
  set_error_queue(fd, 0);  // empties the queue as well
  return mtu;
}

void PathLimit::wait(int64_t now_ms) { retry_s = seconds(now_ms + kRetryMs); }

int64_t PathLimit::left_ms(int64_t now_ms) const {
  const auto left = static_cast<int16_t>(retry_s - seconds(now_ms));
  return left > 0 ? left * int64_t{1000} : 0;
}

bool limit_path(Tunnel& tunnel, const PathRefusal& refusal, int64_t now_ms) {
  if (!tunnel.active.keys || !(tunnel.active.path.peer == refusal.path.peer)) return false;
  const uint32_t ip = is_mapped_ipv4(refusal.path.peer.address) ? kIpv4Header : kIpv6Header;
  const auto overhead =
      ip + kUdpHeader + static_cast<uint32_t>(tunnel.active.keys->overhead()) + kTypeSize;
  const uint32_t data = refusal.mtu > overhead ? refusal.mtu - overhead : 0;
  // A client's own probes may be larger than any packet of its tunnel.
  if (data >= tunnel.params.mtu) return false;
  tunnel.path_limit.probed = false;
  if (data == tunnel.path_limit.data_mtu) return false;
  tunnel.path_limit.data_mtu = static_cast<uint16_t>(data);
  tunnel.path_limit.wait(now_ms);
  tunnel.shared->mtu.store(data, std::memory_order_relaxed);
  return true;
}

void forget_path_limit(Tunnel& tunnel) {
  tunnel.path_limit = {};
  tunnel.shared->mtu.store(tunnel.params.mtu, std::memory_order_relaxed);
}

}  // namespace wolfguard
