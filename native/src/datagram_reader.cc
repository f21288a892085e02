#include "datagram_reader.h"

#include <netinet/in.h>
#include <netinet/udp.h>

#include <algorithm>

namespace wolfguard {

DatagramReader::DatagramReader(size_t slot_size)
    : slot_size_(slot_size), buffer_(new uint8_t[slot_size * kBatch]) {}

int DatagramReader::receive(int fd) {
  for (int i = 0; i < kBatch; i++) {
    slots_[i] = {data(i), slot_size_};
    msghdr& header = messages_[i].msg_hdr;
    header = {};
    header.msg_name = &names_[i];
    header.msg_namelen = sizeof names_[i];
    header.msg_iov = &slots_[i];
    header.msg_iovlen = 1;
    header.msg_control = control_[i];
    header.msg_controllen = kControlSize;
  }
  const int n = recvmmsg(fd, messages_, kBatch, MSG_DONTWAIT, nullptr);
  return n < 0 ? 0 : n;
}

namespace {

/** The first control message of that kind copied to `value`; their order is not fixed. */
template <typename Value>
bool find_control(const msghdr& message, int level, int type, Value* value) {
  // CMSG_NXTHDR wants a mutable header; nothing is written.
  auto* header = const_cast<msghdr*>(&message);
  for (cmsghdr* c = CMSG_FIRSTHDR(header); c != nullptr; c = CMSG_NXTHDR(header, c)) {
    if (c->cmsg_level == level && c->cmsg_type == type && c->cmsg_len >= CMSG_LEN(sizeof *value)) {
      memcpy(value, CMSG_DATA(c), sizeof *value);
      return true;
    }
  }
  return false;
}

}  // namespace

Address DatagramReader::local(int i) const {
  Address address{};
  in6_pktinfo info6;
  in_pktinfo info4;
  if (find_control(messages_[i].msg_hdr, IPPROTO_IPV6, IPV6_PKTINFO, &info6)) {
    memcpy(address.data(), &info6.ipi6_addr, 16);
  } else if (find_control(messages_[i].msg_hdr, IPPROTO_IP, IP_PKTINFO, &info4)) {
    address = map_ipv4(reinterpret_cast<const uint8_t*>(&info4.ipi_spec_dst));
  }
  return address;
}

size_t DatagramReader::segment_size(int i) const {
  int segment = 0;
  const bool train = find_control(messages_[i].msg_hdr, IPPROTO_UDP, UDP_GRO, &segment);
  return train && segment > 0 ? static_cast<size_t>(segment) : std::max<size_t>(size(i), 1);
}

}  // namespace wolfguard
