#include "channel_rig.h"

#include <sys/socket.h>

#include <cstdlib>

namespace wolfguard {

namespace {
/** Any moment: nothing here asks what time it is. */
constexpr int64_t kStartMs = 1000;
constexpr size_t kDatagramSize = 16384 + 128;
}  // namespace

ChannelRig::Socket::Socket() : fd(socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  sockaddr_storage name{};
  socklen_t size = sizeof name;
  if (bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      getsockname(fd.get(), reinterpret_cast<sockaddr*>(&name), &size) != 0) {
    abort();
  }
  endpoint = endpoint_from(name);
}

ChannelRig::ChannelRig(TunOffload offload)
    : tls_(SSL_CTX_new(TLS_server_method())),
      neighbour_(std::move(open_mailbox().value())),
      outbound_({server_.fd.get()}, kDatagramSize, true, TunQueue(tun_.engine_fd(), offload),
                &totals),
      inbound_(TunQueue(tun_.engine_fd(), offload), &owners, &outbound_, this, &totals),
      links_(0, {-1, neighbour_.send.get()}),
      channel(&contexts, &tunnels, &inbound_, &outbound_, &links_, this, &totals) {
  std::string error;
  if (!contexts.open(&error)) abort();
  channel.set_now(kStartMs);
}

AppId ChannelRig::app_id_of(uint8_t number) {
  AppId id;
  id.fill(number);
  id[0] = 0;  // the worker's number
  return id;
}

Tunnel* ChannelRig::add_tunnel(uint8_t number, const Bytes& secret, std::optional<Address> tls,
                               uint16_t legacy_suite) {
  auto tunnel = std::make_unique<Tunnel>();
  tunnel->id = number;
  tunnel->connection = std::make_unique<Connection>();
  // Never used on a socket: what would go by TLS is refused, as before a handshake.
  tunnel->connection->channel = TlsChannel::take_over(TlsStream::create(tls_.get()), -1);
  tunnel->connection->peer = {tls.value_or(clients_[0].endpoint.address), 1};
  tunnel->shared = std::make_shared<TunnelShared>();
  tunnel->params.has_dtls = true;
  tunnel->params.app_id = app_id_of(number);
  tunnel->params.mtu = 1400;
  if (secret.size() == 48) {
    tunnel->params.legacy_dtls = true;
    tunnel->params.dtls_suite = legacy_suite;
    memcpy(tunnel->params.master_secret.data(), secret.data(), secret.size());
  } else {
    memcpy(tunnel->connection->dtls_psk.data(), secret.data(), secret.size());
  }
  return tunnels.add(std::move(tunnel));
}

void ChannelRig::send(const Bytes& datagram, size_t from) {
  Bytes copy = datagram;
  channel.on_datagram(copy.data(), copy.size(), {clients_[from].endpoint, {}, 0});
  flush();
}

void ChannelRig::send_link(LinkKind kind, const Bytes& payload, size_t from) {
  Bytes copy = payload;
  channel.on_link({kind, 1, {clients_[from].endpoint, {}, 0}, copy.data(), copy.size()});
  flush();
}

std::vector<LinkKind> ChannelRig::read_links() {
  std::vector<LinkKind> kinds;
  uint8_t message[65536];
  while (recv(neighbour_.receive.get(), message, sizeof message, MSG_DONTWAIT) > 0) {
    kinds.push_back(static_cast<LinkKind>(message[0]));
  }
  return kinds;
}

void ChannelRig::flush() {
  inbound_.flush();
  outbound_.flush([](Tunnel&) {}, [](Tunnel&) {});
}

Flight ChannelRig::receive(size_t at) {
  Flight flight;
  for (;;) {
    Bytes datagram(65536);
    const ssize_t n = recv(clients_[at].fd.get(), datagram.data(), datagram.size(), MSG_DONTWAIT);
    if (n < 0) return flight;
    datagram.resize(static_cast<size_t>(n));
    flight.push_back(std::move(datagram));
  }
}

}  // namespace wolfguard
