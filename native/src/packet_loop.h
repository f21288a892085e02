// The packet thread: one poller over the TUN queue, the UDP sockets, the inbox of the other workers
// and the TLS socket of every tunnel. Each wake-up takes a bounded batch of each that is ready and
// then flushes; the clock is read once.
#pragma once

#include <sys/epoll.h>

#include <variant>

#include "bulk_receiver.h"
#include "command_queue.h"
#include "gathering.h"
#include "inside_reader.h"
#include "liveness.h"
#include "owners.h"
#include "peer_shares.h"
#include "poller.h"
#include "thread_priority.h"
#include "timer_wheel.h"
#include "tls_front.h"

namespace wolfguard {

struct PacketLoopOptions {
  int worker = 0;
  int tun_fd = -1;
  std::vector<int> udp_fds;
  int inbox_fd = -1;
  std::vector<int> outboxes;
  int owners_fd = -1;
  /** As the TUN queue was opened. */
  TunOffload tun_offload = TunOffload::kNone;
  /** The UDP sockets may segment and join. */
  bool udp_segmentation = false, udp_joining = false;
};

class PacketLoop final : public TunnelSink, public TunnelCloser {
 public:
  PacketLoop(const PacketLoopOptions& options, const DtlsContexts* contexts, EventSink* events,
             EngineTotals* totals);
  ~PacketLoop();

  // Any thread; carried out on the packet thread, in order.
  void open_tunnel(std::unique_ptr<Connection> connection, TunnelParams params) override;
  void close_tunnel(ConnectionId tunnel, TunnelEnd end, bool tell_client) override;
  void stop();

  /** The thread's whole life; the engine starts and joins it. */
  void run(UrgentThread urgency);

  /** Packet thread only. */
  void close(Tunnel& tunnel, TunnelEnd end, bool tell_client) override;

 private:
  struct Open {
    std::unique_ptr<Connection> connection;
    TunnelParams params;
  };
  struct Close {
    ConnectionId tunnel;
    TunnelEnd end;
    bool tell_client;
  };
  struct Stop {};
  using Command = std::variant<Open, Close, Stop>;

  void set_now(int64_t now);
  void dispatch(const epoll_event& event);
  void carry_out(Command& command);
  void open(Open& command);
  void evict(const Address& inside);
  void read_udp(size_t socket);
  void read_inbox();
  bool join_datagrams();
  void on_tls_socket(Tunnel& tunnel, uint32_t events);
  int wait_ms() const;
  void poll_bulk();
  size_t receive_tls(Tunnel& tunnel);
  void update_interest(Tunnel& tunnel);
  void set_blocked(Tunnel& tunnel, bool blocked);
  void check(Tunnel& tunnel);
  void flush();
  void heed(const PathRefusal& refusal);
  void report_endpoints();
  void bury(Tunnel& tunnel);
  void let_drain();

  PacketLoopOptions options_;
  EventSink* events_;
  EngineTotals* totals_;
  OwnersView owners_;
  TunnelTable tunnels_;
  Poller poller_;
  WorkerLinks links_;
  Outbound outbound_;
  HandOver hand_over_;
  InsideReader inside_;
  Inbound inbound_;
  DtlsChannel dtls_;
  Liveness liveness_;
  BulkReceiver bulk_;
  TimerWheel wheel_;
  Gathering gathering_;
  CommandQueue<Command> commands_;
  DatagramReader reader_;
  PeerShares shares_;
  Bytes tls_buffer_;
  std::vector<std::unique_ptr<Tunnel>> graveyard_;
  int64_t now_ = 0;
  bool stopping_ = false;
};

}  // namespace wolfguard
