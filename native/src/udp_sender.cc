#include "udp_sender.h"

#include <netinet/in.h>

#include <cerrno>
#include <utility>

namespace wolfguard {

namespace {

int family_of(int fd) {
  int family = AF_INET6;
  socklen_t size = sizeof family;
  getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &size);
  return family;
}

}  // namespace

UdpSender::UdpSender(const std::vector<int>& sockets, size_t slot_size)
    : slot_size_(slot_size), buffer_(new uint8_t[slot_size * kBatch]) {
  for (const int fd : sockets) sockets_.push_back({fd, family_of(fd)});
}

uint8_t* UdpSender::slot() {
  if (count_ == kBatch) lost_early_ += send_run(0, count_), count_ = 0;
  return buffer_.get() + static_cast<size_t>(count_) * slot_size_;
}

void UdpSender::commit(const UdpPath& path, size_t size) {
  paths_[count_] = path;
  sizes_[count_] = size;
  count_++;
}

void UdpSender::send(const UdpPath& path, const uint8_t* data, size_t size) {
  if (size > slot_size_) return;
  memcpy(slot(), data, size);
  commit(path, size);
}

size_t UdpSender::flush() {
  if (count_ == 0) return std::exchange(lost_early_, 0);
  const size_t lost = send_run(0, count_);
  count_ = 0;
  return lost + std::exchange(lost_early_, 0);
}

/** Runs of one socket leave together; a datagram that is refused costs only itself. */
size_t UdpSender::send_run(int from, int to) {
  size_t lost = 0;
  for (int i = from; i < to; i++) describe(i);
  while (from < to) {
    int end = from + 1;
    while (end < to && paths_[end].socket == paths_[from].socket) end++;
    while (from < end) {
      const int fd = sockets_[paths_[from].socket].fd;
      const int n = sendmmsg(fd, messages_ + from, static_cast<unsigned>(end - from), MSG_DONTWAIT);
      if (n > 0) {
        from += n;
      } else if (errno == EAGAIN || errno == ENOBUFS) {
        lost += static_cast<size_t>(end - from);  // the buffer is full: so it is for the rest
        from = end;
      } else if (errno != EINTR) {
        lost++;  // EMSGSIZE, EPERM of a firewall, no route: this one only
        from++;
      }
    }
  }
  return lost;
}

void UdpSender::describe(int i) {
  const UdpPath& path = paths_[i];
  const int family = sockets_[path.socket].family;
  slots_[i] = {buffer_.get() + static_cast<size_t>(i) * slot_size_, sizes_[i]};
  msghdr& header = messages_[i].msg_hdr;
  header = {};
  header.msg_namelen = endpoint_to(path.peer, family, &names_[i]);
  header.msg_name = &names_[i];
  header.msg_iov = &slots_[i];
  header.msg_iovlen = 1;
  if (path.local == Address{}) return;
  // The answer must leave from the address that was asked, whatever the routes would choose.
  auto* c = reinterpret_cast<cmsghdr*>(control_[i]);
  header.msg_control = control_[i];
  if (family == AF_INET6) {
    in6_pktinfo info{};
    memcpy(&info.ipi6_addr, path.local.data(), 16);
    header.msg_controllen = CMSG_SPACE(sizeof info);
    *c = {.cmsg_len = CMSG_LEN(sizeof info), .cmsg_level = IPPROTO_IPV6, .cmsg_type = IPV6_PKTINFO};
    memcpy(CMSG_DATA(c), &info, sizeof info);
  } else {
    in_pktinfo info{};
    memcpy(&info.ipi_spec_dst, path.local.data() + 12, 4);
    header.msg_controllen = CMSG_SPACE(sizeof info);
    *c = {.cmsg_len = CMSG_LEN(sizeof info), .cmsg_level = IPPROTO_IP, .cmsg_type = IP_PKTINFO};
    memcpy(CMSG_DATA(c), &info, sizeof info);
  }
}

}  // namespace wolfguard
