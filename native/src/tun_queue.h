// One queue of the TUN device. With offload each packet carries a virtio header: the kernel may
// hand over a super-packet of up to 64 KiB with its checksum still to be made, and takes such.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>

namespace wolfguard {

/** struct virtio_net_hdr, little-endian as the kernel's default for TUN is the host's order. */
struct VirtioHeader {
  enum Flags : uint8_t { kNeedsChecksum = 1, kDataValid = 2 };
  /** kUdp: datagrams, of either IP version. */
  enum GsoType : uint8_t { kNone = 0, kTcp4 = 1, kTcp6 = 4, kUdp = 5, kEcn = 0x80 };

  uint8_t flags = 0;
  uint8_t gso_type = 0;
  uint16_t header_size = 0;
  uint16_t gso_size = 0;
  uint16_t checksum_start = 0;
  uint16_t checksum_offset = 0;
};
static_assert(sizeof(VirtioHeader) == 10);

/** What comes and goes as super-packets; with kNone there are no virtio headers either. */
enum class TunOffload { kNone, kTcp, kTcpAndUdp };

class TunQueue {
 public:
  TunQueue(int fd, TunOffload offload) : fd_(fd), offload_(offload) {}

  int fd() const { return fd_; }
  bool takes_tcp() const { return offload_ != TunOffload::kNone; }
  bool takes_udp() const { return offload_ == TunOffload::kTcpAndUdp; }

  /** One packet or super-packet; its size, 0 = none there. Without offload the header is empty. */
  size_t read(VirtioHeader* header, uint8_t* packet, size_t room) const;
  /** parts[0] is the caller's to leave free: the header goes there. false: the kernel refused it.
   */
  bool write(const VirtioHeader& header, iovec* parts, int count) const;
  bool write_plain(const uint8_t* packet, size_t size) const;

 private:
  int fd_;
  TunOffload offload_;
};

}  // namespace wolfguard
