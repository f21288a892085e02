#include "client_loop.h"

#include <sys/prctl.h>
#include <sys/timerfd.h>

#include <algorithm>

#include "inside_packet.h"
#include "segmenter.h"

namespace wolfguard::load {

namespace {

constexpr uint64_t kTunTag = 0, kCommandTag = 1, kProbeTag = 2, kFloodTag = 3;
static_assert(kFloodTag < kFirstSession * 2);

constexpr size_t kHeadroom = kCstpHeaderSize;
constexpr size_t kMaxSuperPacket = 65536;
constexpr int kTunReadsPerWake = 64;
/** OpenSSL's first repetition is due after one second. */
constexpr int64_t kHandshakeTickMs = 250;
constexpr int64_t kFloodTickNs = 1'000'000;
/** After a stall a flood goes on, it does not catch up. */
constexpr double kMaxFloodDebtSeconds = 0.01;

void arm(const Fd& timer, int64_t period_ns) {
  itimerspec period{};
  period.it_interval = {period_ns / 1'000'000'000, period_ns % 1'000'000'000};
  period.it_value = period.it_interval;
  timerfd_settime(timer.get(), 0, &period, nullptr);
}

uint64_t expirations(const Fd& timer) {
  uint64_t count = 0;
  return read(timer.get(), &count, sizeof count) == sizeof count ? count : 0;
}

}  // namespace

std::unique_ptr<ClientLoop> ClientLoop::create(const LoadOptions& options, OnEvents on_events,
                                               std::string* error) {
  TunDevice tun{std::vector<Fd>(1), TunOffload::kNone};
  if (!options.tun.empty()) {
    auto device = open_tun(options.tun, 1, options.tun_offload);
    if (device.failed()) {
      *error = std::string("the TUN device: ") + device.error().call + ": " +
               strerror(device.error().code);
      return nullptr;
    }
    tun = std::move(device.value());
  }
  std::unique_ptr<ClientLoop> loop(new ClientLoop(options, std::move(tun), std::move(on_events)));
  if (!loop->io_.open()) {
    *error = "OpenSSL refuses the groups or the DTLS ciphers";
    return nullptr;
  }
  ClientLoop* self = loop.get();
  // Joined by stop(), which the destructor calls.
  loop->thread_ = std::thread([self] { self->run(); });
  return loop;
}

ClientLoop::ClientLoop(const LoadOptions& options, TunDevice tun, OnEvents on_events)
    : tun_fd_(std::move(tun.queues.front())),
      tun_(tun_fd_.get(), tun.offload),
      inside_(tun_, &totals_),
      on_events_(std::move(on_events)),
      io_(options, &poller_, &inside_, &totals_,
          [this](Event event) {
            if (event.type == Event::Type::kClosed) dead_.push_back(event.id);
            events_.push_back(std::move(event));
          }),
      tun_buffer_(kHeadroom + kMaxSuperPacket),
      probe_timer_(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)),
      flood_timer_(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)) {}

void ClientLoop::start(SessionId id, size_t source, std::string request) {
  commands_.push(Start{id, source, std::move(request)});
}
void ClientLoop::send(SessionId id, std::string request, bool connect) {
  commands_.push(Send{id, std::move(request), connect});
}
void ClientLoop::open_tunnel(SessionId id, TunnelTerms terms) {
  commands_.push(Open{id, std::move(terms)});
}
void ClientLoop::leave(SessionId id, bool with_goodbye) { commands_.push(Leave{id, with_goodbye}); }
void ClientLoop::probe(ProbePlan plan) { commands_.push(std::move(plan)); }
void ClientLoop::flood(FloodPlan plan) { commands_.push(std::move(plan)); }
void ClientLoop::take_probes() { commands_.push(TakeProbes{}); }

void ClientLoop::stop() {
  if (!thread_.joinable()) return;
  commands_.push(Stop{});
  thread_.join();
}

void ClientLoop::run() {
  prctl(PR_SET_NAME, "load-client");
  // A probe must not wait for the kernel to gather timers.
  prctl(PR_SET_TIMERSLACK, 1);
  now_ = monotonic_ms();
  io_.set_now(now_);
  wheel_.start(now_);
  poller_.add(commands_.event_fd(), EPOLLIN, kCommandTag);
  poller_.add(probe_timer_.get(), EPOLLIN, kProbeTag);
  poller_.add(flood_timer_.get(), EPOLLIN, kFloodTag);
  if (tun_fd_) poller_.add(tun_fd_.get(), EPOLLIN, kTunTag);
  while (!stopping_) {
    epoll_event events[64];
    const int timeout = handshakes_.empty() ? static_cast<int>(TimerWheel::kSlotMs)
                                            : static_cast<int>(kHandshakeTickMs);
    const int n = poller_.wait(events, 64, timeout);
    now_ = monotonic_ms();
    io_.set_now(now_);
    wheel_.advance(now_, [&](uint64_t id) {
      if (Session* session = find(id)) check(*session);
    });
    if (now_ - handshakes_ticked_ms_ >= kHandshakeTickMs) {
      handshakes_ticked_ms_ = now_;
      std::erase_if(handshakes_, [&](SessionId id) {
        Session* session = find(id);
        return session == nullptr || !io_.tick_handshake(*session);
      });
    }
    for (int i = 0; i < n; i++) dispatch(events[i]);
    end_wakeup();
  }
  sessions_.clear();
}

void ClientLoop::end_wakeup() {
  io_.flush();
  for (const SessionId id : dead_) {
    const auto it = sessions_.find(id);
    if (it == sessions_.end()) continue;
    const Session& session = *it->second;
    if (session.has_inside4) by_inside_.erase(session.inside4);
    if (session.has_inside6) by_inside_.erase(session.inside6);
    sessions_.erase(it);
  }
  dead_.clear();
  if (!events_.empty()) on_events_(std::exchange(events_, {}));
}

void ClientLoop::dispatch(const epoll_event& event) {
  const uint64_t what = event.data.u64;
  if (what == kTunTag) {
    read_tun();
  } else if (what == kCommandTag) {
    for (Command& command : commands_.take_all()) carry_out(command);
  } else if (what == kProbeTag) {
    send_probes();
  } else if (what == kFloodTag) {
    send_flood();
  } else if (Session* session = find(what / 2)) {
    if (what % 2 == 0) {
      io_.on_tcp(*session, event.events);
    } else {
      io_.on_udp(*session);
    }
  }
}

/** nullptr: there is none, or it has ended in this very wake-up. */
Session* ClientLoop::find(SessionId id) {
  const auto it = sessions_.find(id);
  if (it == sessions_.end() || it->second->state == Session::State::kDead) return nullptr;
  return it->second.get();
}

void ClientLoop::carry_out(Command& command) {
  if (auto* starting = std::get_if<Start>(&command)) {
    auto owned = std::make_unique<Session>();
    Session& session = *owned;
    session.id = starting->id;
    sessions_[session.id] = std::move(owned);
    io_.start(session, starting->source, std::move(starting->request));
    check(session);
  } else if (auto* sending = std::get_if<Send>(&command)) {
    if (Session* session = find(sending->id)) {
      io_.send(*session, sending->request, sending->connect);
    }
  } else if (auto* opening = std::get_if<Open>(&command)) {
    open(*opening);
  } else if (auto* leaving = std::get_if<Leave>(&command)) {
    if (Session* session = find(leaving->id)) {
      io_.leave(*session, leaving->with_goodbye);
      check(*session);
    }
  } else if (auto* probes = std::get_if<ProbePlan>(&command)) {
    probes_ = std::move(*probes);
    arm(probe_timer_, probes_.per_second > 0 ? static_cast<int64_t>(1e9 / probes_.per_second) : 0);
  } else if (auto* flood = std::get_if<FloodPlan>(&command)) {
    flood_ = std::move(*flood);
    inside_.set_flood_port(flood_.port);
    flood_since_ns_ = monotonic_ns();
    flood_owed_ = 0;
    arm(flood_timer_, flood_.per_second > 0 ? kFloodTickNs : 0);
  } else if (std::holds_alternative<TakeProbes>(command)) {
    events_.push_back({Event::Type::kProbes, 0, {}, inside_.take_samples()});
  } else {
    stopping_ = true;
  }
}

void ClientLoop::open(Open& command) {
  Session* session = find(command.id);
  if (session == nullptr || session->state != Session::State::kConnected) return;
  io_.open_tunnel(*session, command.terms);
  if (session->state == Session::State::kDead) return;
  if (session->has_inside4) by_inside_[session->inside4] = session;
  if (session->has_inside6) by_inside_[session->inside6] = session;
  if (session->handshake) handshakes_.push_back(session->id);
  check(*session);
}

void ClientLoop::check(Session& session) {
  if (session.state == Session::State::kDead) return;
  const int64_t next = io_.check(session);
  if (session.state != Session::State::kDead) wheel_.schedule(session.id, next);
}

// ─── packets of our own making, and those of the TUN device ───────────────────────────────────

void ClientLoop::read_tun() {
  uint8_t* packet = tun_buffer_.data() + kHeadroom;
  for (int i = 0; i < kTunReadsPerWake; i++) {
    VirtioHeader header;
    const size_t size = tun_.read(&header, packet, kMaxSuperPacket);
    if (size == 0) return;
    const auto parsed = parse_inside_packet(packet, size);
    const auto it = parsed ? by_inside_.find(parsed->source) : by_inside_.end();
    if (it == by_inside_.end()) {
      bump(totals_.dropped_packets);
      continue;
    }
    Session& session = *it->second;
    if (session.state != Session::State::kTunnel) continue;
    segment(header, packet, size,
            [&](uint8_t* part, size_t part_size) { io_.send_data(session, part, part_size); });
  }
}

void ClientLoop::send_probes() {
  const uint64_t due = expirations(probe_timer_);
  if (probes_.sessions.empty()) return;
  for (uint64_t i = 0; i < due; i++) {
    Session* session = find(probes_.sessions[next_probe_++ % probes_.sessions.size()]);
    if (session == nullptr || session->state != Session::State::kTunnel) continue;
    uint8_t buffer[kHeadroom + kEchoSize];
    make_echo_request(session->inside4, probes_.target, monotonic_ns(), buffer + kHeadroom);
    bump(totals_.probes_sent);
    io_.send_data(*session, buffer + kHeadroom, kEchoSize);
  }
}

void ClientLoop::send_flood() {
  expirations(flood_timer_);
  if (flood_.sessions.empty()) return;
  const int64_t now_ns = monotonic_ns();
  flood_owed_ += static_cast<double>(now_ns - flood_since_ns_) * 1e-9 * flood_.per_second;
  flood_owed_ =
      std::min(flood_owed_, kMaxFloodDebtSeconds * flood_.per_second + 2.0 * flood_.burst);
  flood_since_ns_ = now_ns;
  uint8_t buffer[kHeadroom + kSmallPacketSize];
  while (flood_owed_ >= flood_.burst) {
    flood_owed_ -= flood_.burst;
    Session* session = find(flood_.sessions[next_flood_++ % flood_.sessions.size()]);
    if (session == nullptr || session->state != Session::State::kTunnel) continue;
    make_small_udp(session->inside4, flood_.target, flood_.port, buffer + kHeadroom);
    for (int i = 0; i < flood_.burst; i++) {
      io_.send_data(*session, buffer + kHeadroom, kSmallPacketSize);
    }
    bump(totals_.flood_sent, static_cast<uint64_t>(flood_.burst));
  }
}

}  // namespace wolfguard::load
