// The handshake thread: takes connections, does TLS, and passes plaintext to and from JavaScript
// until a tunnel opens. A login storm burns this thread and never the packet thread.
//
//   socket ──recv──► TlsStream ──plaintext──► socketpair ──► node:http
//          ◄─send───           ◄───────────             ◄──
//
// A connection's way: handshaking → relaying → held → (packet thread) | closed.
#pragma once

#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "arrivals.h"
#include "command_queue.h"
#include "connection.h"
#include "heap_trim.h"
#include "poller.h"
#include "relay.h"
#include "source_counts.h"
#include "tls_context.h"

namespace wolfguard {

struct TlsFrontOptions {
  std::vector<int> listeners;
  ProxyOptions proxy;
  int64_t handshake_timeout_ms = 10000;
  uint32_t handshakes_per_source = 64;
  uint32_t pending_per_source = 1024;
  uint32_t max_pending = 16384;
};

/** Where a connection goes when its tunnel opens. Called on the handshake thread. */
class TunnelSink {
 public:
  virtual void open_tunnel(std::unique_ptr<Connection> connection, TunnelParams params) = 0;
  virtual void close_tunnel(ConnectionId tunnel, TunnelEnd end, bool tell_client) = 0;

 protected:
  ~TunnelSink() = default;
};

class TlsFront {
 public:
  TlsFront(TlsFrontOptions options, EventSink* events, TunnelSink* tunnels, EngineTotals* totals);
  ~TlsFront();

  // Any thread; carried out on the handshake thread, in order.
  void set_tls(SslContext context);
  /** Sources as source_of() makes them. What is up stays up. */
  void set_bans(std::vector<Address> add, std::vector<Address> remove);
  /** limits.accept_rate, over all workers; 0 = none. */
  void set_accept_rate(uint32_t per_second, uint32_t workers);
  void hold(ConnectionId connection);
  void open_tunnel(TunnelParams params);
  void close_tunnel(ConnectionId tunnel, TunnelEnd end, bool tell_client);
  void stop();

  /** The thread's whole life; the engine starts and joins it. */
  void run();

 private:
  struct Pending;
  struct SetTls {
    SslContext context;
  };
  struct SetBans {
    std::vector<Address> add, remove;
  };
  struct SetAcceptRate {
    uint32_t per_second, workers;
  };
  struct Hold {
    ConnectionId connection;
  };
  struct Open {
    TunnelParams params;
  };
  struct Close {
    ConnectionId tunnel;
    TunnelEnd end;
    bool tell_client;
  };
  struct Stop {};
  using Command = std::variant<SetTls, SetBans, SetAcceptRate, Hold, Open, Close, Stop>;

  void dispatch(const epoll_event& event);
  void carry_out(Command& command);
  void admit(Arrival arrival);
  void on_socket(Pending& pending, uint32_t events);
  void on_relay(Pending& pending, uint32_t events);
  bool receive(Pending& pending);
  bool take(Pending& pending, const uint8_t* data, size_t size);
  bool finish_handshake(Pending& pending);
  bool pump_plaintext(Pending& pending);
  void pass_on(Pending& pending);
  bool read_relay(Pending& pending, bool all);
  void forget(Pending& pending);
  void settle(Pending& pending, bool alive);
  void update_interest(Pending& pending);
  void hand_over(TunnelParams params);
  void close(ConnectionId id);
  void sweep(int64_t now);

  TlsFrontOptions options_;
  EventSink* events_;
  TunnelSink* tunnels_;
  EngineTotals* totals_;

  CommandQueue<Command> commands_;
  Poller poller_;
  SslContext context_;
  Arrivals arrivals_;
  std::unordered_map<ConnectionId, std::unique_ptr<Pending>> pending_;
  SourceCounts sources_;
  FailureCounts failures_;
  HeapTrim heap_trim_;
  /** Our ends of socketpairs whose connection has gone to the packet thread; until JS closes. */
  std::unordered_map<int, Fd> orphans_;
  ConnectionId next_id_ = 1;
  int64_t now_ = 0;
  bool stopping_ = false;
  Bytes receive_buffer_, plain_buffer_;
};

}  // namespace wolfguard
