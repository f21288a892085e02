// Receives datagrams in batches: one recvmmsg brings up to 64, and with UDP_GRO each of them may
// be a train of datagrams of one peer and size that the kernel has joined.
#pragma once

#include <sys/socket.h>

#include <memory>

#include "bytes.h"
#include "endpoint.h"

namespace wolfguard {

/** Which way a datagram came, and so which way its answer goes. */
struct UdpPath {
  Endpoint peer;
  /** Our address that the peer sent to; the zero address = let the kernel choose. */
  Address local{};
  /** Index among the engine's UDP sockets. */
  uint8_t socket = 0;
};

class DatagramReader {
 public:
  /** Enough that a wake-up under load takes few calls (trial: 8 is far slower). */
  static constexpr int kBatch = 64;

  explicit DatagramReader(size_t slot_size);

  /** Number of datagrams taken; 0 when there are none. */
  int receive(int fd);

  uint8_t* data(int i) { return buffer_.get() + static_cast<size_t>(i) * slot_size_; }
  size_t size(int i) const { return messages_[i].msg_len; }
  /** Was it longer than a slot? Then it is cut and of no use. */
  bool truncated(int i) const { return (messages_[i].msg_hdr.msg_flags & MSG_TRUNC) != 0; }
  Endpoint peer(int i) const { return endpoint_from(names_[i]); }
  /** The destination address from the packet info; zero without. */
  Address local(int i) const;
  /** The size of each datagram in a train but the last; the whole size when it is none. */
  size_t segment_size(int i) const;

 private:
  static constexpr size_t kControlSize = 128;

  size_t slot_size_;
  std::unique_ptr<uint8_t[]> buffer_;
  mmsghdr messages_[kBatch];
  iovec slots_[kBatch];
  sockaddr_storage names_[kBatch];
  alignas(cmsghdr) uint8_t control_[kBatch][kControlSize];
};

}  // namespace wolfguard
