// The UDP side of the tunnels: whose datagram is this, handshakes in the second slot, records of
// the active one, clients that moved [oc 8.4, 8.5].
//
//   datagram ─┬─ application data, alert ──► by end point ──► open ──► Inbound
//             │                              └─ unknown: trial among that address's tunnels,
//             │                                 then ask the other workers
//             ├─ ClientHello ──► worker of its App-ID ──► cookie? ──► handshake
//             └─ other handshake record ──► the handshake of that end point │ last flight again
#pragma once

#include "inbound.h"
#include "worker_links.h"

namespace wolfguard {

class DtlsChannel {
 public:
  DtlsChannel(const DtlsContexts* contexts, TunnelTable* tunnels, Inbound* inbound,
              Outbound* outbound, WorkerLinks* links, EventSink* events, EngineTotals* totals);

  void set_now(int64_t now_ms) { now_ = now_ms; }

  /** From one of our own sockets. The bytes may be changed in place. */
  void on_datagram(uint8_t* data, size_t size, const UdpPath& path);
  /** From another worker: kDatagram, kStranger, kClaim and kRelease. */
  void on_link(const LinkMessage& message);

  /** DTLS is over for this tunnel until a new hello comes; data goes by TLS. */
  void drop(Tunnel& tunnel, const char* reason);
  void drop_pending(Tunnel& tunnel);
  void drop_previous(Tunnel& tunnel);

 private:
  static constexpr int kOwnSocket = -1;

  void dispatch(uint8_t* data, size_t size, const UdpPath& path, int from_worker);
  void on_hello(uint8_t* data, size_t size, const UdpPath& path, int from_worker);
  void begin(Tunnel& tunnel, const ClientHello& hello, uint8_t* data, size_t size,
             const UdpPath& path, int from_worker);
  void on_handshake_record(uint8_t* data, size_t size, const UdpPath& path, int from_worker);
  void advance(Tunnel& tunnel, const uint8_t* data, size_t size);
  void finish(Tunnel& tunnel);
  void on_records(Tunnel& tunnel, uint8_t* data, size_t size, const UdpPath& path);
  void on_opened(Tunnel& tunnel, ContentType type, bool newest, std::span<uint8_t> text,
                 const UdpPath& path);
  void on_stranger(uint8_t* data, size_t size, const UdpPath& path, int from_worker);
  bool try_to_open(uint8_t* data, size_t size, const UdpPath& path);
  void repeat_flight(Tunnel& tunnel, bool soon);
  void send_flight(const Tunnel& tunnel, const Flight& flight, const UdpPath& path);
  void remember_foreign(const Endpoint& peer, int owner);
  bool forward_foreign(uint8_t* data, size_t size, const UdpPath& path);
  bool spend_trial();

  const DtlsContexts* contexts_;
  TunnelTable* tunnels_;
  Inbound* inbound_;
  Outbound* outbound_;
  WorkerLinks* links_;
  EventSink* events_;
  EngineTotals* totals_;
  HelloCookies cookies_;
  /** End points whose datagrams reach our socket but belong to another worker. */
  std::unordered_map<Endpoint, int, EndpointHash> foreign_;
  int64_t now_ = 0;
  int64_t trial_second_ = 0;
  int trial_budget_ = 0;
  Bytes scratch_;
};

}  // namespace wolfguard
