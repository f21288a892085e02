#include "udp_sender.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include "fd.h"
#include "network_list.h"
#include "random.h"
#include "unit.h"

namespace wolfguard {
namespace {

/** A sender's socket and a receiver's, both on the loopback. */
struct Sockets {
  Sockets() : sender(open()), receiver(open()) {
    sockaddr_storage name{};
    socklen_t size = sizeof name;
    getsockname(receiver.get(), reinterpret_cast<sockaddr*>(&name), &size);
    path.peer = endpoint_from(name);
  }

  static Fd open() {
    Fd fd(socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) abort();
    return fd;
  }

  std::vector<Bytes> receive_all() {
    std::vector<Bytes> all;
    for (;;) {
      Bytes datagram(65536);
      const ssize_t n = recv(receiver.get(), datagram.data(), datagram.size(), 0);
      if (n < 0) return all;
      datagram.resize(static_cast<size_t>(n));
      all.push_back(std::move(datagram));
    }
  }

  Fd sender, receiver;
  UdpPath path;
};

/** A sender's socket and one that tells the traffic class of what comes. */
struct MarkedSockets {
  MarkedSockets(int family, const char* address)
      : sender(socket(family, SOCK_DGRAM, 0)), receiver(socket(family, SOCK_DGRAM, 0)) {
    const int one = 1;
    setsockopt(receiver.get(), IPPROTO_IP, IP_RECVTOS, &one, sizeof one);
    setsockopt(receiver.get(), IPPROTO_IPV6, IPV6_RECVTCLASS, &one, sizeof one);
    sockaddr_storage name{};
    if (!parse_address(address, &path.peer.address)) abort();
    socklen_t size = endpoint_to(path.peer, family, &name);
    if (bind(receiver.get(), reinterpret_cast<sockaddr*>(&name), size) != 0) abort();
    getsockname(receiver.get(), reinterpret_cast<sockaddr*>(&name), &size);
    path.peer = endpoint_from(name);
    if (family == AF_INET) path.local = path.peer.address;  // with packet info beside the mark
  }

  std::vector<uint8_t> receive_marks() {
    std::vector<uint8_t> marks;
    for (;;) {
      uint8_t datagram[2000];
      alignas(cmsghdr) uint8_t control[128];
      iovec part{datagram, sizeof datagram};
      msghdr message{};
      message.msg_iov = &part;
      message.msg_iovlen = 1;
      message.msg_control = control;
      message.msg_controllen = sizeof control;
      if (recvmsg(receiver.get(), &message, MSG_DONTWAIT) < 0) return marks;
      for (cmsghdr* at = CMSG_FIRSTHDR(&message); at; at = CMSG_NXTHDR(&message, at)) {
        const bool ipv4 = at->cmsg_level == IPPROTO_IP && at->cmsg_type == IP_TOS;
        const bool ipv6 = at->cmsg_level == IPPROTO_IPV6 && at->cmsg_type == IPV6_TCLASS;
        // The first byte of an int, or the only one.
        if (ipv4 || (ipv6 && !is_mapped_ipv4(path.peer.address))) marks.push_back(*CMSG_DATA(at));
      }
    }
  }

  Fd sender, receiver;
  UdpPath path;
};

constexpr size_t kMaxDatagram = 2000;

std::vector<Bytes> random_datagrams(Random& random, size_t count) {
  std::vector<Bytes> all;
  const size_t usual = 1 + random.below(1400);
  for (size_t i = 0; i < count; i++) {
    all.push_back(random.bytes(random.one_in(6) ? 1 + random.below(kMaxDatagram) : usual));
  }
  return all;
}

}  // namespace

UNIT_TEST("datagrams of all sizes leave in order, with and without segmentation") {
  for (const bool segmentation : {false, true}) {
    for (uint64_t seed = 1; seed <= 30; seed++) {
      Random random(seed);
      Sockets sockets;
      UdpSender sender({sockets.sender.get()}, kMaxDatagram, segmentation);
      const auto datagrams = random_datagrams(random, 70);
      std::vector<Bytes> received;
      for (const Bytes& datagram : datagrams) {
        sender.send(sockets.path, datagram.data(), datagram.size());
        if (!random.one_in(20)) continue;
        CHECK_EQUAL(sender.flush().lost, size_t{0});
        for (Bytes& one : sockets.receive_all()) received.push_back(std::move(one));
      }
      CHECK_EQUAL(sender.flush().lost, size_t{0});
      for (Bytes& one : sockets.receive_all()) received.push_back(std::move(one));
      CHECK(received == datagrams);
      CHECK(!sender.take_segmentation_refused());
    }
  }
}

UNIT_TEST("each datagram bears its own mark, also in trains, by IPv4, IPv6 and IPv4 on IPv6") {
  for (const auto& [family, address] : {std::pair(AF_INET, "127.0.0.1"), std::pair(AF_INET6, "::1"),
                                        std::pair(AF_INET6, "::ffff:127.0.0.1")}) {
    MarkedSockets sockets(family, address);
    for (const bool segmentation : {false, true}) {
      UdpSender sender({sockets.sender.get()}, kMaxDatagram, segmentation);
      const Bytes datagram(300, 1);
      const std::vector<uint8_t> marks = {0, 0, 184, 184, 184, 0, 8, 184};
      for (const uint8_t mark : marks) {
        sender.send(sockets.path, datagram.data(), datagram.size(), mark);
      }
      CHECK_EQUAL(sender.flush().lost, size_t{0});
      CHECK(sockets.receive_marks() == marks);
      CHECK(!sender.take_segmentation_refused());
    }
  }
}

UNIT_TEST("a kernel that refuses UDP_SEGMENT gets the datagrams one by one, and says so once") {
  Random random(1);
  Sockets sockets;
  const int one = 1;  // without checksums the kernel does not segment
  setsockopt(sockets.sender.get(), SOL_SOCKET, SO_NO_CHECK, &one, sizeof one);
  UdpSender sender({sockets.sender.get()}, kMaxDatagram, true);
  std::vector<Bytes> datagrams(10, random.bytes(1000));
  for (int round = 0; round < 2; round++) {
    for (const Bytes& datagram : datagrams) {
      sender.send(sockets.path, datagram.data(), datagram.size());
    }
    CHECK_EQUAL(sender.flush().lost, size_t{0});
    CHECK(sockets.receive_all() == datagrams);
    CHECK_EQUAL(sender.take_segmentation_refused(), round == 0);
  }
}

UNIT_TEST("a datagram that the kernel refuses costs only itself") {
  Random random(2);
  Sockets sockets;
  UdpPath nowhere = sockets.path;
  const uint8_t broadcast[4] = {255, 255, 255, 255};  // forbidden to this socket
  nowhere.peer.address = map_ipv4(broadcast);
  UdpSender sender({sockets.sender.get()}, kMaxDatagram, true);
  const Bytes datagram = random.bytes(500);
  for (int i = 0; i < 10; i++) {
    sender.send(i % 5 == 3 ? nowhere : sockets.path, datagram.data(), datagram.size());
  }
  CHECK_EQUAL(sender.flush().lost, size_t{2});
  CHECK_EQUAL(sockets.receive_all().size(), size_t{8});
  CHECK(!sender.take_segmentation_refused());
  for (int i = 0; i < 4; i++) sender.send(nowhere, datagram.data(), datagram.size());
  CHECK_EQUAL(sender.flush().lost, size_t{4});
  CHECK(!sender.take_segmentation_refused());
}

}  // namespace wolfguard
