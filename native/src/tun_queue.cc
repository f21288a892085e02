#include "tun_queue.h"

#include <unistd.h>

namespace wolfguard {

size_t TunQueue::read(VirtioHeader* header, uint8_t* packet, size_t room) const {
  if (offload_ == TunOffload::kNone) {
    *header = {};
    const ssize_t n = ::read(fd_, packet, room);
    return n > 0 ? static_cast<size_t>(n) : 0;
  }
  iovec parts[2] = {{header, sizeof *header}, {packet, room}};
  const ssize_t n = readv(fd_, parts, 2);
  return n > static_cast<ssize_t>(sizeof *header) ? static_cast<size_t>(n) - sizeof *header : 0;
}

bool TunQueue::write(const VirtioHeader& header, iovec* parts, int count) const {
  if (offload_ == TunOffload::kNone) return writev(fd_, parts + 1, count - 1) >= 0;
  parts[0] = {const_cast<VirtioHeader*>(&header), sizeof header};
  return writev(fd_, parts, count) >= 0;
}

bool TunQueue::write_plain(const uint8_t* packet, size_t size) const {
  iovec parts[2] = {{}, {const_cast<uint8_t*>(packet), size}};
  return write(VirtioHeader{}, parts, 2);
}

}  // namespace wolfguard
