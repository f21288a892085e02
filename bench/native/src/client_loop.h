// The load client's one thread: an epoll over the TUN device, two sockets a session, the commands
// of JavaScript and two timers, one for probes and one for floods.
#pragma once

#include <thread>
#include <unordered_map>
#include <variant>

#include "command_queue.h"
#include "session_io.h"
#include "timer_wheel.h"
#include "tun.h"

namespace wolfguard::load {

/** Echo requests through these sessions in turn, `per_second` in all; 0 ends them. */
struct ProbePlan {
  std::vector<SessionId> sessions;
  Address target{};
  double per_second = 0;
};

/** Small UDP packets, `burst` at a time through each session in turn. */
struct FloodPlan {
  std::vector<SessionId> sessions;
  Address target{};
  uint16_t port = 0;
  double per_second = 0;
  int burst = 1;
};

class ClientLoop {
 public:
  using OnEvents = std::function<void(std::vector<Event>)>;

  /** nullptr with a sentence in `error`. `on_events` is called on the loop's thread. */
  static std::unique_ptr<ClientLoop> create(const LoadOptions& options, OnEvents on_events,
                                            std::string* error);
  ~ClientLoop() { stop(); }

  // Any thread; carried out on the loop's, in order.
  void start(SessionId id, size_t source, std::string request);
  void send(SessionId id, std::string request, bool connect);
  void open_tunnel(SessionId id, TunnelTerms terms);
  void leave(SessionId id, bool with_goodbye);
  void probe(ProbePlan plan);
  void flood(FloodPlan plan);
  /** Answered by an event with the round trips since the last time. */
  void take_probes();
  /** Drops every session without a word and joins the thread; idempotent. */
  void stop();

  const Totals& totals() const { return totals_; }

 private:
  struct Start {
    SessionId id;
    size_t source;
    std::string request;
  };
  struct Send {
    SessionId id;
    std::string request;
    bool connect;
  };
  struct Open {
    SessionId id;
    TunnelTerms terms;
  };
  struct Leave {
    SessionId id;
    bool with_goodbye;
  };
  struct TakeProbes {};
  struct Stop {};
  using Command = std::variant<Start, Send, Open, Leave, ProbePlan, FloodPlan, TakeProbes, Stop>;

  ClientLoop(const LoadOptions& options, TunDevice tun, OnEvents on_events);
  void run();
  void dispatch(const epoll_event& event);
  void carry_out(Command& command);
  void open(Open& command);
  void read_tun();
  void send_probes();
  void send_flood();
  void check(Session& session);
  void end_wakeup();
  Session* find(SessionId id);

  Totals totals_;
  Fd tun_fd_;
  TunQueue tun_;
  Inside inside_;
  Poller poller_;
  std::vector<Event> events_;
  OnEvents on_events_;
  SessionIo io_;
  std::unordered_map<SessionId, std::unique_ptr<Session>> sessions_;
  std::unordered_map<Address, Session*, AddressHash> by_inside_;
  /** DTLS handshakes under way. */
  std::vector<SessionId> handshakes_;
  std::vector<SessionId> dead_;
  TimerWheel wheel_;
  CommandQueue<Command> commands_;
  Bytes tun_buffer_;
  Fd probe_timer_, flood_timer_;
  ProbePlan probes_;
  FloodPlan flood_;
  size_t next_probe_ = 0, next_flood_ = 0;
  int64_t flood_since_ns_ = 0;
  double flood_owed_ = 0;
  int64_t now_ = 0, handshakes_ticked_ms_ = 0;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace wolfguard::load
