#include "fake_tun.h"

#include <sys/socket.h>

#include <cstdlib>

namespace wolfguard {

namespace {
/** Room for a burst of super-packets; a real queue holds 500 packets. */
constexpr int kBufferBytes = 4 << 20;
}  // namespace

std::pair<Fd, Fd> FakeTun::open() {
  int ends[2];
  // SEQPACKET: a pair of datagram sockets would hold net.unix.max_dgram_qlen packets only.
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0) abort();
  for (const int fd : ends) {
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &kBufferBytes, sizeof kBufferBytes);
  }
  return {Fd(ends[0]), Fd(ends[1])};
}

FakeTun::FakeTun() {
  auto ends = open();
  engine_ = std::move(ends.first);
  test_ = std::move(ends.second);
}

std::vector<Bytes> FakeTun::read_all() {
  std::vector<Bytes> packets;
  for (;;) {
    Bytes packet(1 << 17);
    const ssize_t n = read(test_.get(), packet.data(), packet.size());
    if (n <= 0) return packets;
    packet.resize(static_cast<size_t>(n));
    packet.shrink_to_fit();
    packets.push_back(std::move(packet));
  }
}

}  // namespace wolfguard
