// What the kernel holds and has thrown away on the UDP sockets, asked for now and then.
#pragma once

#include <cstdint>
#include <vector>

namespace wolfguard {

class UdpQueue {
 public:
  /** What was thrown away before is not counted. */
  explicit UdpQueue(std::vector<int> sockets);

  struct State {
    /** In kernel memory, waiting to be read. */
    uint64_t waiting_bytes = 0;
    /** Thrown away for a full buffer since the construction. */
    uint64_t dropped = 0;
  };
  /** One thread only. */
  State look();

 private:
  struct Socket {
    int fd;
    uint32_t drops;
  };
  std::vector<Socket> sockets_;
  uint64_t dropped_ = 0;
};

}  // namespace wolfguard
