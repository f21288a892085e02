#include "worker_links.h"

#include <sys/socket.h>

#include "mailbox.h"
#include "random.h"
#include "samples.h"
#include "unit.h"

namespace wolfguard {
namespace {

/** Three workers; the mailbox is that of worker 1. */
struct Link {
  Mailbox mailbox;
  WorkerLinks sender, receiver;
};

Link make_link() {
  auto mailbox = open_mailbox();
  const int send = mailbox.value().send.get();
  return {std::move(mailbox.value()), WorkerLinks(0, {-1, send, -1}), WorkerLinks(1, {-1, -1, -1})};
}

Bytes receive(const Mailbox& mailbox) {
  Bytes out(65536);
  const ssize_t n = recv(mailbox.receive.get(), out.data(), out.size(), MSG_DONTWAIT);
  out.resize(n < 0 ? 0 : static_cast<size_t>(n));
  out.shrink_to_fit();
  return out;
}

}  // namespace

UNIT_TEST("a message to another worker arrives as it was sent") {
  Link link = make_link();
  Random random(5);
  for (uint8_t kind = 1; kind <= 5; kind++) {
    for (size_t size : {size_t{0}, size_t{1}, size_t{1400}, size_t{16384}}) {
      const Bytes payload = random.bytes(size);
      UdpPath path{samples::endpoint(3, 40000), samples::endpoint(4, 0).address, 2};
      CHECK(link.sender.send(1, static_cast<LinkKind>(kind), path, payload));
      Bytes datagram = receive(link.mailbox);
      LinkMessage message;
      REQUIRE(link.receiver.parse(datagram.data(), datagram.size(), &message));
      CHECK_EQUAL(static_cast<uint8_t>(message.kind), kind);
      CHECK_EQUAL(message.from_worker, 0);
      CHECK(message.path.peer == path.peer);
      CHECK(message.path.local == path.local);
      CHECK_EQUAL(message.path.socket, path.socket);
      CHECK(Bytes(message.payload, message.payload + message.size) == payload);
    }
  }
}

UNIT_TEST("nothing is sent to oneself, to a worker that is not, or into a full mailbox") {
  Link link = make_link();
  CHECK(!link.sender.send(0, LinkKind::kClaim, {}, {}));
  CHECK(!link.sender.send(-1, LinkKind::kClaim, {}, {}));
  CHECK(!link.sender.send(3, LinkKind::kClaim, {}, {}));
  CHECK(!link.sender.send(2, LinkKind::kClaim, {}, {}));
  int sent = 0;
  while (sent < 100000 && link.sender.send(1, LinkKind::kClaim, {}, {})) sent++;
  CHECK(sent > 0 && sent < 100000);
  receive(link.mailbox);
  CHECK(link.sender.send(1, LinkKind::kClaim, {}, {}));
}

UNIT_TEST("a message that is short, of no kind or from no worker of ours is refused") {
  Link link = make_link();
  link.sender.send(1, LinkKind::kDatagram, {}, Bytes(20, 1));
  const Bytes good = receive(link.mailbox);
  LinkMessage message;
  for (size_t size = 0; size < WorkerLinks::kHeaderSize; size++) {
    Bytes cut(good.begin(), good.begin() + static_cast<ptrdiff_t>(size));
    CHECK(!link.receiver.parse(cut.data(), cut.size(), &message));
  }
  for (int kind = 0; kind < 256; kind++) {
    Bytes other = good;
    other[0] = static_cast<uint8_t>(kind);
    CHECK_EQUAL(link.receiver.parse(other.data(), other.size(), &message), kind >= 1 && kind <= 5);
  }
  Bytes stranger = good;
  store16(&stranger[2], 3);
  CHECK(!link.receiver.parse(stranger.data(), stranger.size(), &message));
}

}  // namespace wolfguard
