// Gathers datagrams to be sent: those of one path and size stand side by side as a train, and a
// train leaves as one UDP_SEGMENT message that the kernel (or the NIC) cuts. All trains of a batch
// leave with one sendmmsg a socket.
#pragma once

#include <sys/socket.h>

#include <array>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "path_mtu.h"

namespace wolfguard {

class UdpSender {
 public:
  /** `max_datagram`: the most that one slot must hold. */
  UdpSender(const std::vector<int>& sockets, size_t max_datagram, bool segmentation);

  /** Room of max_datagram bytes for the next datagram; a full batch leaves first. */
  uint8_t* slot();
  /** The slot holds `size` bytes for that path; `traffic_class`: as in TunnelParams. */
  void commit(const UdpPath& path, size_t size, uint8_t traffic_class = 0);
  /** A datagram that stands elsewhere is copied in. */
  void send(const UdpPath& path, const uint8_t* data, size_t size, uint8_t traffic_class = 0);

  /** Since the last time: system calls, datagrams that the kernel took, and those that it would not
   * (full buffer, too big). */
  struct Sent {
    size_t calls = 0, datagrams = 0, lost = 0;
  };
  /** Sends everything. */
  Sent flush();

  /** What the kernel said of the first datagram since the last call that was too big. */
  std::optional<PathRefusal> take_path_refusal() { return std::exchange(path_refusal_, {}); }
  /** True once, after the kernel has refused UDP_SEGMENT: it is off from then on. */
  bool take_segmentation_refused() { return std::exchange(refused_, false); }

 private:
  static constexpr int kMaxTrains = 64;
  struct Socket {
    int fd;
    int family;
  };
  struct Train {
    UdpPath path;
    uint8_t* data;
    size_t size, segment_size;
    int count;
    uint8_t traffic_class;
  };

  bool fits_last_train(const UdpPath& path, size_t size, uint8_t traffic_class) const;
  void send_all();
  size_t send_run(int from, int to);
  /** One refused message: what of it can still leave, leaves; how many datagrams were lost. */
  size_t send_piecemeal(int i);
  size_t on_refusal(int i, int error);
  void on_too_big(const UdpPath& path, const msghdr& datagram);
  void describe(int i);

  std::vector<Socket> sockets_;
  size_t max_datagram_;
  bool segmentation_;
  bool refused_ = false;
  std::optional<PathRefusal> path_refusal_;
  std::unique_ptr<uint8_t[]> buffer_;
  size_t used_ = 0;
  int count_ = 0;
  Sent sent_;
  std::array<Train, kMaxTrains> trains_;
  std::array<mmsghdr, kMaxTrains> messages_;
  std::array<iovec, kMaxTrains> parts_;
  std::array<sockaddr_storage, kMaxTrains> names_;
  /** Local address (40 bytes), traffic class and segment size (24 each). */
  static constexpr size_t kControlSize = 88;
  alignas(cmsghdr) std::array<std::array<uint8_t, kControlSize>, kMaxTrains> control_;
};

}  // namespace wolfguard
