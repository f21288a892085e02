#include "packet_source.h"

#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include <algorithm>

#include "crafted_packet.h"
#include "fd.h"
#include "inside.h"

namespace wolfguard::load {

namespace {

constexpr int kBurst = 32;
constexpr size_t kPayloadSize = kSmallPacketSize - 28;
constexpr int64_t kTickNs = 500'000;

Fd open_source(const Address& target, uint16_t port) {
  Fd fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_storage name;
  const socklen_t size = endpoint_to({target, port}, AF_INET, &name);
  if (!fd || connect(fd.get(), reinterpret_cast<sockaddr*>(&name), size) != 0) return Fd();
  const int segment = kPayloadSize, bytes = 4 << 20;
  setsockopt(fd.get(), IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof segment);
  setsockopt(fd.get(), SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof bytes);
  return fd;
}

}  // namespace

uint64_t send_small_packets(const std::vector<Address>& targets, uint16_t port, double per_second,
                            double seconds) {
  std::vector<Fd> sockets;
  for (const Address& target : targets) sockets.push_back(open_source(target, port));
  if (sockets.empty()) return 0;
  const uint8_t payload[kBurst * kPayloadSize] = {};
  uint64_t sent = 0;
  size_t next = 0;
  double owed = 0;
  const int64_t begun = monotonic_ns(), end = begun + static_cast<int64_t>(seconds * 1e9);
  for (int64_t now = begun, before = begun; now < end; before = now, now = monotonic_ns()) {
    owed = std::min(owed + static_cast<double>(now - before) * 1e-9 * per_second,
                    per_second * 0.01 + kBurst);
    for (; owed >= kBurst; owed -= kBurst) {
      const Fd& fd = sockets[next++ % sockets.size()];
      const ssize_t n = send(fd.get(), payload, sizeof payload, MSG_DONTWAIT);
      if (n > 0) sent += static_cast<uint64_t>(n) / kPayloadSize;
    }
    const timespec pause{0, kTickNs};
    nanosleep(&pause, nullptr);
  }
  return sent;
}

}  // namespace wolfguard::load
