// Gathers datagrams for connected sockets: those of one socket and size stand side by side and
// leave as one UDP_SEGMENT message. The engine's UdpSender names the peer in every message; here
// every session has a socket of its own, as every client has.
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace wolfguard::load {

class TrainSender {
 public:
  /** `max_datagram`: the most that one slot must hold. */
  TrainSender(size_t max_datagram, bool segmentation);

  /** Room of max_datagram bytes for the next datagram; a full batch leaves first. */
  uint8_t* slot();
  /** The slot holds `size` bytes for that socket. */
  void commit(int fd, size_t size);
  /** Sends everything; how many datagrams a full buffer or an error has cost since the last time.
   */
  uint64_t flush();

 private:
  static constexpr size_t kMaxTrains = 64;
  struct Train {
    int fd;
    uint8_t* data;
    size_t size, segment_size;
    int count;
  };

  bool fits_last_train(int fd, size_t size) const;
  void send_all();
  void describe(size_t i);
  void send_alone(size_t i);

  bool segmentation_;
  std::unique_ptr<uint8_t[]> buffer_;
  size_t used_ = 0;
  size_t count_ = 0;
  uint64_t lost_ = 0;
  std::array<Train, kMaxTrains> trains_;
  std::array<mmsghdr, kMaxTrains> messages_;
  std::array<iovec, kMaxTrains> parts_;
  alignas(cmsghdr) uint8_t control_[kMaxTrains][CMSG_SPACE(sizeof(uint16_t))];
};

}  // namespace wolfguard::load
