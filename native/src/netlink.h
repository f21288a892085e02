// rtnetlink requests that are answered by an acknowledgement.
#pragma once

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <cstdint>
#include <cstring>
#include <span>

#include "fd.h"
#include "os_error.h"

namespace wolfguard {

/** One request: header, a family's fixed part, attributes. All of ours are far below 256 bytes. */
class NetlinkMessage {
 public:
  template <typename Fixed>
  NetlinkMessage(uint16_t type, uint16_t flags, const Fixed& fixed) {
    header().nlmsg_type = type;
    header().nlmsg_flags = static_cast<uint16_t>(NLM_F_REQUEST | NLM_F_ACK | flags);
    header().nlmsg_len = NLMSG_LENGTH(sizeof(Fixed));
    std::memcpy(NLMSG_DATA(&header()), &fixed, sizeof(Fixed));
  }

  void add(uint16_t type, std::span<const uint8_t> payload) {
    const size_t offset = NLMSG_ALIGN(header().nlmsg_len);
    const size_t length = RTA_LENGTH(payload.size());
    if (offset + RTA_ALIGN(length) > sizeof bytes_) __builtin_trap();
    const rtattr attribute{static_cast<uint16_t>(length), type};
    std::memcpy(bytes_ + offset, &attribute, sizeof attribute);
    std::memcpy(bytes_ + offset + RTA_LENGTH(0), payload.data(), payload.size());
    header().nlmsg_len = static_cast<uint32_t>(offset + length);
  }

  void add_u32(uint16_t type, uint32_t value) {
    uint8_t bytes[sizeof value];
    std::memcpy(bytes, &value, sizeof value);
    add(type, bytes);
  }

  nlmsghdr& header() { return *reinterpret_cast<nlmsghdr*>(bytes_); }

 private:
  alignas(nlmsghdr) uint8_t bytes_[256] = {};
};

/** A socket to the kernel's routing tables, in the network namespace of its making. */
class Netlink {
 public:
  static Result<Netlink> open();

  /** Sends the request and waits for its acknowledgement; `call` names it in the error. */
  OsError request(NetlinkMessage& message, const char* call);

  /** For Result only. */
  Netlink() = default;

 private:
  Fd socket_;
  uint32_t sequence_ = 0;
};

}  // namespace wolfguard
