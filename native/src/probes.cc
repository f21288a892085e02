#include "probes.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/timex.h>

#include <array>

#include "fd.h"

namespace wolfguard {
namespace {

constexpr int kDatagram = 64;
/** Loopback delivers before the send returns; a busy machine may take a moment. */
constexpr int kWaitMs = 500;

bool turn_on(const Fd& fd, int option, int value) {
  return ::setsockopt(fd.get(), IPPROTO_UDP, option, &value, sizeof value) == 0;
}

/** Bytes of the next datagram or train; -1 when none comes. */
ssize_t receive_one(const Fd& fd) {
  pollfd waiting{fd.get(), POLLIN, 0};
  if (::poll(&waiting, 1, kWaitMs) != 1) return -1;
  std::array<char, 4 * kDatagram> buffer;
  return ::recv(fd.get(), buffer.data(), buffer.size(), 0);
}

}  // namespace

Result<UdpOffloads> probe_udp_offloads() {
  const Fd receiver(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const Fd sender(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!receiver || !sender) return OsError::last("socket");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* where = reinterpret_cast<sockaddr*>(&address);
  socklen_t length = sizeof address;
  if (::bind(receiver.get(), where, length) != 0) return OsError::last("bind");
  if (::getsockname(receiver.get(), where, &length) != 0) return OsError::last("getsockname");
  if (::connect(sender.get(), where, length) != 0) return OsError::last("connect");

  const std::array<char, 2 * kDatagram> train{};
  if (::send(sender.get(), train.data(), kDatagram, 0) != kDatagram) return OsError::last("send");
  if (receive_one(receiver) != kDatagram) return OsError{ETIMEDOUT, "recv"};

  const bool joins = turn_on(receiver, UDP_GRO, 1);
  UdpOffloads offloads;
  offloads.segmentation =
      turn_on(sender, UDP_SEGMENT, kDatagram) &&
      ::send(sender.get(), train.data(), train.size(), 0) == static_cast<ssize_t>(train.size());
  offloads.receive = joins && (!offloads.segmentation ||
                               receive_one(receiver) == static_cast<ssize_t>(train.size()));
  return offloads;
}

Result<bool> is_clock_synchronised() {
  timex request{};
  const int state = ::adjtimex(&request);
  if (state < 0) return OsError::last("adjtimex");
  return state != TIME_ERROR && (request.status & STA_UNSYNC) == 0;
}

}  // namespace wolfguard
