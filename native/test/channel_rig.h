// A DtlsChannel with everything it needs, one thread, no time: datagrams go in by a call and come
// out of a real UDP socket of the loopback, whose delivery is immediate.
#pragma once

#include "dtls_channel.h"
#include "dtls_client.h"
#include "fake_tun.h"
#include "mailbox.h"

namespace wolfguard {

class ChannelRig final : public EventSink, public TunnelCloser {
 public:
  /** `offload`: the TUN device takes super-packets and wants virtio headers. */
  explicit ChannelRig(TunOffload offload = TunOffload::kNone);

  /**
   * A tunnel of worker 0, its App-ID filled with `number`; `tls`: where its TLS connection comes
   * from, if not from where the clients are.
   */
  Tunnel* add_tunnel(uint8_t number, const Bytes& secret, std::optional<Address> tls = {},
                     uint16_t legacy_suite = 0x009d);
  static AppId app_id_of(uint8_t number);

  /** One of two client sockets: datagrams from it, and what the engine has sent there. */
  Endpoint client(size_t which) const { return clients_[which].endpoint; }
  void send(const Bytes& datagram, size_t from = 0);
  Flight receive(size_t at = 0);
  /** The same as a message of worker 1. */
  void send_link(LinkKind kind, const Bytes& payload, size_t from);
  /** What the channel has told worker 1 since the last call. */
  std::vector<LinkKind> read_links();
  Inbound& inbound() { return inbound_; }
  Outbound& outbound() { return outbound_; }
  /** What the engine has written to the TUN device, each with its virtio header if it has one. */
  std::vector<Bytes> read_tun() { return tun_.read_all(); }
  void flush();

  // EventSink
  void connection_opened(ConnectionOpened) override {}
  void connection_held(ConnectionId, uint64_t) override {}
  void connection_closed(ConnectionId) override {}
  void tunnel_opened(ConnectionId, std::shared_ptr<TunnelShared>) override {}
  void tunnel_closed(ConnectionId, TunnelEnd) override {}
  void dtls_opened(ConnectionId, const char* cipher) override {
    events.push_back(std::string("opened ") + cipher);
  }
  void dtls_closed(ConnectionId, const char* reason) override {
    events.push_back(std::string("closed ") + reason);
  }
  void warn(std::string) override {}
  // TunnelCloser
  void close(Tunnel& tunnel, TunnelEnd, bool) override { tunnel.state = Tunnel::State::kDraining; }

  std::vector<std::string> events;
  EngineTotals totals;
  TunnelTable tunnels;
  /** None: tunnels that may meet nobody's clients meet nobody. */
  OwnersView owners;
  DtlsContexts contexts;

 private:
  struct Socket {
    Socket();
    Fd fd;
    Endpoint endpoint;
  };

  Socket server_;
  Socket clients_[2];
  FakeTun tun_;
  SslContext tls_;
  Mailbox neighbour_;
  Outbound outbound_;
  Inbound inbound_;
  WorkerLinks links_;

 public:
  DtlsChannel channel;
};

}  // namespace wolfguard
