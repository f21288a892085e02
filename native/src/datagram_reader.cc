#include "datagram_reader.h"

#include <netinet/in.h>

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

Address DatagramReader::local(int i) const {
  Address address{};
  // CMSG_NXTHDR wants a mutable header; nothing is written.
  auto* header = const_cast<msghdr*>(&messages_[i].msg_hdr);
  for (cmsghdr* c = CMSG_FIRSTHDR(header); c != nullptr; c = CMSG_NXTHDR(header, c)) {
    if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
      in6_pktinfo info;
      memcpy(&info, CMSG_DATA(c), sizeof info);
      memcpy(address.data(), &info.ipi6_addr, 16);
      return address;
    }
    if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
      in_pktinfo info;
      memcpy(&info, CMSG_DATA(c), sizeof info);
      address = map_ipv4(reinterpret_cast<const uint8_t*>(&info.ipi_spec_dst));
    }
  }
  return address;
}

}  // namespace wolfguard
