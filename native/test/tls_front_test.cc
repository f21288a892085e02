// What only a client made for it can do to the handshake thread; the rest is in test/engine.
#include "tls_front.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "tls_client.h"
#include "unit.h"

namespace wolfguard {
namespace {

class Sink final : public EventSink, public TunnelSink {
 public:
  void connection_opened(ConnectionOpened event) override { stream = std::move(event.stream); }
  void connection_held(ConnectionId, uint64_t) override {}
  void connection_closed(ConnectionId) override {}
  void tunnel_opened(ConnectionId, std::shared_ptr<TunnelShared>) override {}
  void tunnel_closed(ConnectionId, TunnelEnd) override {}
  void dtls_opened(ConnectionId, const char*) override {}
  void dtls_closed(ConnectionId, const char*) override {}
  void warn(std::string) override {}
  void open_tunnel(std::unique_ptr<Connection>, TunnelParams) override {}
  void close_tunnel(ConnectionId, TunnelEnd, bool) override {}

  /** Kept open: JavaScript is there and waits for a request. */
  Fd stream;
};

Fd listen_on_loopback(sockaddr_in* address) {
  Fd fd(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
  *address = {};
  address->sin_family = AF_INET;
  address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof *address;
  auto* name = reinterpret_cast<sockaddr*>(address);
  if (bind(fd.get(), name, size) != 0 || listen(fd.get(), 8) != 0 ||
      getsockname(fd.get(), name, &size) != 0) {
    abort();
  }
  return fd;
}

/** A client whose kernel keeps next to nothing for it. */
Fd connect_with_small_buffers(const sockaddr_in& address) {
  Fd fd(socket(AF_INET, SOCK_STREAM, 0));
  const int bytes = 4096;
  setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
  setsockopt(fd.get(), SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
  if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) abort();
  return fd;
}

bool shake_hands(TlsClient& client, int fd) {
  while (!client.handshake()) {
    const Bytes out = client.take_output();
    if (!out.empty() && write(fd, out.data(), out.size()) < 0) return false;
    Bytes in(65536);
    const ssize_t n = read(fd, in.data(), in.size());
    if (n <= 0) return false;
    in.resize(static_cast<size_t>(n));
    client.receive(in);
  }
  const Bytes out = client.take_output();
  return write(fd, out.data(), out.size()) == static_cast<ssize_t>(out.size());
}

/** Writes until the socket has taken nothing for that long, or the limit is reached. */
size_t write_until_stuck(int fd, TlsClient& client, size_t limit) {
  constexpr int kStuckMs = 1200;
  size_t total = 0;
  while (total < limit) {
    Bytes out;
    while (out.size() < 16384 && client.update_keys()) {
      const Bytes more = client.take_output();
      out.insert(out.end(), more.begin(), more.end());
    }
    for (size_t at = 0; at < out.size();) {
      pollfd wait{fd, POLLOUT, 0};
      if (poll(&wait, 1, kStuckMs) <= 0) return total;
      const ssize_t n = send(fd, out.data() + at, out.size() - at, MSG_DONTWAIT | MSG_NOSIGNAL);
      if (n < 0) return total;
      at += static_cast<size_t>(n);
      total += static_cast<size_t>(n);
    }
  }
  return total;
}

}  // namespace

UNIT_TEST("a stranger that wants new keys without end, and never reads, is not listened to") {
  sockaddr_in address;
  const Fd listener = listen_on_loopback(&address);
  Sink sink;
  EngineTotals totals;
  TlsFront front({.listeners = {listener.get()}}, &sink, &sink, &totals);
  front.set_tls(make_server_context());
  std::thread thread([&] { front.run(); });
  const Fd socket = connect_with_small_buffers(address);
  TlsClient client(TLS1_3_VERSION);
  CHECK(shake_hands(client, socket.get()));
  constexpr size_t kLimit = 768 << 10;
  CHECK(write_until_stuck(socket.get(), client, kLimit) < kLimit);
  front.stop();
  thread.join();
}

}  // namespace wolfguard
