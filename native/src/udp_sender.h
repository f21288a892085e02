// Gathers datagrams to be sent and sends them with one sendmmsg a batch and socket.
#pragma once

#include <sys/socket.h>

#include <memory>
#include <vector>

#include "datagram_reader.h"

namespace wolfguard {

class UdpSender {
 public:
  UdpSender(const std::vector<int>& sockets, size_t slot_size);

  /** Room of slot_size bytes for the next datagram; full batches leave first. */
  uint8_t* slot();
  /** The slot holds `size` bytes for that path. */
  void commit(const UdpPath& path, size_t size);
  /** A datagram that stands elsewhere is copied in. */
  void send(const UdpPath& path, const uint8_t* data, size_t size);

  /** Sends everything; how many datagrams the kernel would not take (full buffer, too big). */
  size_t flush();

 private:
  static constexpr int kBatch = 64;
  struct Socket {
    int fd;
    int family;
  };
  size_t send_run(int from, int to);
  void describe(int i);

  std::vector<Socket> sockets_;
  size_t slot_size_;
  std::unique_ptr<uint8_t[]> buffer_;
  int count_ = 0;
  size_t lost_early_ = 0;
  UdpPath paths_[kBatch];
  size_t sizes_[kBatch];
  mmsghdr messages_[kBatch];
  iovec slots_[kBatch];
  sockaddr_storage names_[kBatch];
  alignas(cmsghdr) uint8_t control_[kBatch][64];
};

}  // namespace wolfguard
