#include "udp_sender.h"

#include <netinet/in.h>
#include <netinet/udp.h>

#include <cerrno>
#include <utility>

namespace wolfguard {

namespace {

/** Enough for a full TUN super-packet's records and what comes beside it. */
constexpr size_t kBufferSize = 256 << 10;
/** UDP_MAX_SEGMENTS before Linux 6.9; later kernels take 128. */
constexpr int kMaxSegments = 64;
/** 65,535 less the IPv6 and UDP headers, and room for the kernel's own reckoning. */
constexpr size_t kMaxTrainSize = 65400;

int family_of(int fd) {
  int family = AF_INET6;
  socklen_t size = sizeof family;
  getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &size);
  return family;
}

template <typename Value>
void add_control(msghdr* header, uint8_t* at, int level, int type, const Value& value) {
  cmsghdr control{};
  control.cmsg_len = CMSG_LEN(sizeof value);
  control.cmsg_level = level;
  control.cmsg_type = type;
  memcpy(at, &control, sizeof control);
  memcpy(at + CMSG_LEN(0), &value, sizeof value);
  header->msg_controllen += CMSG_SPACE(sizeof value);
}

bool same_path(const UdpPath& a, const UdpPath& b) {
  return a.peer == b.peer && a.socket == b.socket && a.local == b.local;
}

}  // namespace

UdpSender::UdpSender(const std::vector<int>& sockets, size_t max_datagram, bool segmentation)
    : max_datagram_(max_datagram),
      segmentation_(segmentation),
      buffer_(new uint8_t[kBufferSize + max_datagram]) {
  for (const int fd : sockets) sockets_.push_back({fd, family_of(fd)});
}

uint8_t* UdpSender::slot() {
  if (used_ >= kBufferSize || count_ == kMaxTrains) send_all();
  return buffer_.get() + used_;
}

void UdpSender::commit(const UdpPath& path, size_t size, uint8_t traffic_class) {
  if (fits_last_train(path, size, traffic_class)) {
    Train& train = trains_[static_cast<size_t>(count_) - 1];
    train.size += size;
    train.count++;
  } else {
    trains_[static_cast<size_t>(count_++)] = {path, buffer_.get() + used_, size, size,
                                              1,    traffic_class};
  }
  used_ += size;
}

/** Only the last datagram of a train may be shorter than the others. */
bool UdpSender::fits_last_train(const UdpPath& path, size_t size, uint8_t traffic_class) const {
  if (!segmentation_ || count_ == 0) return false;
  const Train& train = trains_[static_cast<size_t>(count_) - 1];
  const bool last_was_full = train.size == train.segment_size * static_cast<size_t>(train.count);
  return last_was_full && size <= train.segment_size && train.count < kMaxSegments &&
         train.size + size <= kMaxTrainSize && same_path(train.path, path) &&
         train.traffic_class == traffic_class;
}

void UdpSender::send(const UdpPath& path, const uint8_t* data, size_t size, uint8_t traffic_class) {
  if (size > max_datagram_) return;
  memcpy(slot(), data, size);
  commit(path, size, traffic_class);
}

UdpSender::Sent UdpSender::flush() {
  send_all();
  return std::exchange(sent_, {});
}

void UdpSender::send_all() {
  if (count_ == 0) return;
  size_t datagrams = 0;
  for (int i = 0; i < count_; i++) {
    datagrams += static_cast<size_t>(trains_[static_cast<size_t>(i)].count);
  }
  const size_t lost = send_run(0, count_);
  sent_.datagrams += datagrams - lost;
  sent_.lost += lost;
  count_ = 0;
  used_ = 0;
}

/** Runs of one socket leave together; a train that is refused costs at most itself. */
size_t UdpSender::send_run(int from, int to) {
  size_t lost = 0;
  for (int i = from; i < to; i++) describe(i);
  while (from < to) {
    const uint8_t socket = trains_[static_cast<size_t>(from)].path.socket;
    int end = from + 1;
    while (end < to && trains_[static_cast<size_t>(end)].path.socket == socket) end++;
    while (from < end) {
      const int n = sendmmsg(sockets_[socket].fd, &messages_[static_cast<size_t>(from)],
                             static_cast<unsigned>(end - from), MSG_DONTWAIT);
      sent_.calls++;
      if (n > 0) {
        from += n;
      } else if (errno == EAGAIN || errno == ENOBUFS) {
        // The buffer is full, and so it is for the rest.
        for (; from < end; from++)
          lost += static_cast<size_t>(trains_[static_cast<size_t>(from)].count);
      } else if (errno != EINTR) {
        lost += on_refusal(from++, errno);
      }
    }
  }
  return lost;
}

size_t UdpSender::on_refusal(int i, int error) {
  const Train& train = trains_[static_cast<size_t>(i)];
  if (train.count == 1) {  // too big, a firewall, no route
    if (error == EMSGSIZE) on_too_big(train.path, messages_[static_cast<size_t>(i)].msg_hdr);
    return 1;
  }
  const size_t lost = send_piecemeal(i);
  // Only if each leaves by itself is it the train that the kernel does not want: datagrams too big
  // for the path, which any client can ask for (an MTU probe comes back), are EINVAL too.
  if (lost == 0 && (error == EIO || error == EINVAL || error == EOPNOTSUPP)) {
    refused_ = segmentation_;
    segmentation_ = false;
  }
  return lost;
}

size_t UdpSender::send_piecemeal(int i) {
  const Train train = trains_[static_cast<size_t>(i)];
  msghdr header = messages_[static_cast<size_t>(i)].msg_hdr;
  // The segment size, which stands last, goes.
  header.msg_controllen -= CMSG_SPACE(sizeof(uint16_t));
  if (header.msg_controllen == 0) header.msg_control = nullptr;
  size_t lost = 0;
  for (size_t at = 0; at < train.size; at += train.segment_size) {
    iovec part{train.data + at, std::min(train.segment_size, train.size - at)};
    header.msg_iov = &part;
    if (sendmsg(sockets_[train.path.socket].fd, &header, MSG_DONTWAIT) >= 0) continue;
    lost++;
    if (errno == EMSGSIZE) on_too_big(train.path, header);
  }
  return lost;
}

/** Asked once until somebody has taken the answer: others who lose one ask the next time. */
void UdpSender::on_too_big(const UdpPath& path, const msghdr& datagram) {
  if (path_refusal_) return;
  const uint32_t mtu = resend_for_mtu(sockets_[path.socket].fd, datagram);
  if (mtu > 0) path_refusal_ = {path, mtu};
}

void UdpSender::describe(int i) {
  const auto index = static_cast<size_t>(i);
  const Train& train = trains_[index];
  const int family = sockets_[train.path.socket].family;
  parts_[index] = {train.data, train.size};
  msghdr& header = messages_[index].msg_hdr;
  header = {};
  header.msg_namelen = endpoint_to(train.path.peer, family, &names_[index]);
  header.msg_name = &names_[index];
  header.msg_iov = &parts_[index];
  header.msg_iovlen = 1;
  uint8_t* control = control_[index].data();
  header.msg_control = control;
  // The answer must leave from the address that was asked, whatever the routes would choose.
  if (train.path.local != Address{}) {
    if (family == AF_INET6) {
      in6_pktinfo info{};
      memcpy(&info.ipi6_addr, train.path.local.data(), 16);
      add_control(&header, control, IPPROTO_IPV6, IPV6_PKTINFO, info);
    } else {
      in_pktinfo info{};
      memcpy(&info.ipi_spec_dst, train.path.local.data() + 12, 4);
      add_control(&header, control, IPPROTO_IP, IP_PKTINFO, info);
    }
  }
  if (train.traffic_class != 0) {
    // A dual-stack socket's datagrams to IPv4 addresses obey the option of IPv4.
    const bool ipv6 = family == AF_INET6 && !is_mapped_ipv4(train.path.peer.address);
    add_control(&header, control + header.msg_controllen, ipv6 ? IPPROTO_IPV6 : IPPROTO_IP,
                ipv6 ? IPV6_TCLASS : IP_TOS, static_cast<int>(train.traffic_class));
  }
  if (train.count > 1) {
    add_control(&header, control + header.msg_controllen, IPPROTO_UDP, UDP_SEGMENT,
                static_cast<uint16_t>(train.segment_size));
  }
  if (header.msg_controllen == 0) header.msg_control = nullptr;
}

}  // namespace wolfguard
