#include "udp_sender.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include "fd.h"
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
        CHECK_EQUAL(sender.flush(), size_t{0});
        for (Bytes& one : sockets.receive_all()) received.push_back(std::move(one));
      }
      CHECK_EQUAL(sender.flush(), size_t{0});
      for (Bytes& one : sockets.receive_all()) received.push_back(std::move(one));
      CHECK(received == datagrams);
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
    CHECK_EQUAL(sender.flush(), size_t{0});
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
  CHECK_EQUAL(sender.flush(), size_t{2});
  CHECK_EQUAL(sockets.receive_all().size(), size_t{8});
  CHECK(!sender.take_segmentation_refused());
  for (int i = 0; i < 4; i++) sender.send(nowhere, datagram.data(), datagram.size());
  CHECK_EQUAL(sender.flush(), size_t{4});
  CHECK(!sender.take_segmentation_refused());
}

}  // namespace wolfguard
