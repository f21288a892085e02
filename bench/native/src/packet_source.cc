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

constexpr int kBurst = 64;
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

/** kBurst packets in messages of `train` each, to be sent again and again. */
struct Burst {
  explicit Burst(int train) {
    for (int left = kBurst; left > 0; left -= train) {
      parts[messages] = {payload, kPayloadSize * static_cast<size_t>(std::min(left, train))};
      headers[messages].msg_hdr.msg_iov = &parts[messages];
      headers[messages].msg_hdr.msg_iovlen = 1;
      messages++;
    }
  }
  /** How many packets the kernel took. */
  uint64_t send(int fd) {
    const int n = sendmmsg(fd, headers, messages, MSG_DONTWAIT);
    uint64_t packets = 0;
    for (int i = 0; i < n; i++) packets += headers[i].msg_len / kPayloadSize;
    return packets;
  }

  unsigned messages = 0;
  uint8_t payload[kBurst * kPayloadSize] = {};
  iovec parts[kBurst];
  mmsghdr headers[kBurst] = {};
};

}  // namespace

uint64_t send_small_packets(const std::vector<Address>& targets, uint16_t port, int train,
                            double per_second, double seconds) {
  std::vector<Fd> sockets;
  for (const Address& target : targets) sockets.push_back(open_source(target, port));
  if (sockets.empty()) return 0;
  Burst burst(std::clamp(train, 1, kBurst));
  uint64_t sent = 0;
  size_t next = 0;
  double owed = 0;
  const int64_t begun = monotonic_ns(), end = begun + static_cast<int64_t>(seconds * 1e9);
  for (int64_t now = begun, before = begun; now < end; before = now, now = monotonic_ns()) {
    owed = std::min(owed + static_cast<double>(now - before) * 1e-9 * per_second,
                    per_second * 0.01 + kBurst);
    for (; owed >= kBurst; owed -= kBurst) {
      sent += burst.send(sockets[next++ % sockets.size()].get());
    }
    const timespec pause{0, kTickNs};
    nanosleep(&pause, nullptr);
  }
  return sent;
}

}  // namespace wolfguard::load
