#include "tls_front.h"

#include <sys/prctl.h>
#include <sys/socket.h>

#include <cerrno>

namespace wolfguard {

namespace {

constexpr uint64_t kTagListener = 0, kTagArrival = 1, kTagSocket = 2, kTagRelay = 3, kTagOrphan = 4,
                   kTagCommand = 5;
constexpr uint64_t tag(uint64_t kind, uint64_t id) { return id << 3 | kind; }

/** One TLS record and its header; also the most that one recv may bring into the relay. */
constexpr size_t kReceiveSize = 16384 + 512;
/** What a client may send behind its CONNECT before the answer; more waits in the socket. */
constexpr size_t kMaxHeldBytes = 64 << 10;
/** What may wait for a peer that is still listened to: an answer under way, and a little more. */
constexpr size_t kMaxUnreadOutput = 64 << 10;
/**
 * After JavaScript closed, the peer gets this long to take the rest of the answer and to close.
 * Closing at once would send a reset over an answer (413, 431 …) that is still on its way to a
 * peer that is still talking.
 */
constexpr int64_t kLingerMs = 2000;
constexpr int kSweepMs = 500;
}  // namespace

struct TlsFront::Pending {
  enum class State { kHandshaking, kRelaying, kHeld };

  std::unique_ptr<Connection> connection;
  State state = State::kHandshaking;
  Relay relay;
  /** The client has sent something, and if that comes to nothing it is a failure of its own. */
  bool to_blame = false;
  bool from_proxy = false;
  /** How its handshake ended has been counted. */
  bool counted = false;
  bool peer_eof = false;
  /** All is said and our side of TCP closed: what still comes is thrown away. */
  bool draining = false;
  /** 0 = none: JavaScript times what is relayed. */
  int64_t deadline = 0;
  /** When it was accepted. */
  int64_t since = 0;
  uint32_t socket_events = 0, relay_events = 0;
};

TlsFront::TlsFront(TlsFrontOptions options, EventSink* events, TunnelSink* tunnels,
                   EngineTotals* totals)
    : options_(std::move(options)),
      events_(events),
      tunnels_(tunnels),
      totals_(totals),
      arrivals_(
          options_.listeners, std::move(options_.proxy), options_.handshake_timeout_ms,
          options_.max_pending, [this](Arrival arrival) { admit(std::move(arrival)); }, totals),
      sources_(options_.handshakes_per_source, options_.pending_per_source),
      receive_buffer_(kReceiveSize),
      plain_buffer_(kReceiveSize) {}

TlsFront::~TlsFront() = default;

void TlsFront::set_tls(SslContext context) { commands_.push(SetTls{std::move(context)}); }
void TlsFront::set_bans(std::vector<Address> add, std::vector<Address> remove) {
  commands_.push(SetBans{std::move(add), std::move(remove)});
}
void TlsFront::set_accept_rate(uint32_t per_second, uint32_t workers) {
  commands_.push(SetAcceptRate{per_second, workers});
}

void TlsFront::hold(ConnectionId connection) { commands_.push(Hold{connection}); }
void TlsFront::open_tunnel(TunnelParams params) { commands_.push(Open{std::move(params)}); }
void TlsFront::close_tunnel(ConnectionId tunnel, TunnelEnd end, bool tell_client) {
  commands_.push(Close{tunnel, end, tell_client});
}
void TlsFront::stop() { commands_.push(Stop{}); }

void TlsFront::run() {
  prctl(PR_SET_NAME, "wolf-tls");
  poller_.add(commands_.event_fd(), EPOLLIN, tag(kTagCommand, 0));
  arrivals_.watch(poller_, {tag(kTagListener, 0), tag(kTagArrival, 0), tag(0, 1)});
  int64_t next_sweep = 0;
  while (!stopping_) {
    epoll_event events[64];
    const bool idle =
        pending_.empty() && !arrivals_.busy() && !heap_trim_.pending() && !failures_.pending();
    const int n = poller_.wait(events, 64, idle ? -1 : kSweepMs / 2);
    now_ = monotonic_ms();
    for (int i = 0; i < n && !stopping_; i++) dispatch(events[i]);
    if (now_ >= next_sweep) {
      sweep(now_);
      next_sweep = now_ + kSweepMs;
    }
  }
  pending_.clear();
  orphans_.clear();
}

void TlsFront::dispatch(const epoll_event& event) {
  const uint64_t kind = event.data.u64 & 7, id = event.data.u64 >> 3;
  switch (kind) {
    case kTagListener:
      if (!arrivals_.accept_all(id, now_)) {
        events_->warn("no descriptor or memory left for a new connection: raise LimitNOFILE");
      }
      return;
    case kTagArrival:
      arrivals_.on_waiting(static_cast<int>(id));
      return;
    case kTagOrphan:
      poller_.remove(static_cast<int>(id));
      orphans_.erase(static_cast<int>(id));
      return;
    case kTagCommand:
      for (Command& command : commands_.take_all()) carry_out(command);
      return;
  }
  const auto it = pending_.find(id);
  if (it == pending_.end()) return;
  if (kind == kTagSocket) {
    on_socket(*it->second, event.events);
  } else {
    on_relay(*it->second, event.events);
  }
}

void TlsFront::carry_out(Command& command) {
  if (auto* set = std::get_if<SetTls>(&command)) {
    context_ = std::move(set->context);
  } else if (auto* bans = std::get_if<SetBans>(&command)) {
    arrivals_.ban(bans->add, bans->remove);
  } else if (auto* rate = std::get_if<SetAcceptRate>(&command)) {
    arrivals_.limit_rate(rate->per_second, rate->workers);
  } else if (auto* hold = std::get_if<Hold>(&command)) {
    const auto it = pending_.find(hold->connection);
    if (it == pending_.end()) return;
    it->second->state = Pending::State::kHeld;
    events_->connection_held(hold->connection, it->second->relay.passed_bytes());
    update_interest(*it->second);
  } else if (auto* open = std::get_if<Open>(&command)) {
    hand_over(std::move(open->params));
  } else if (auto* end = std::get_if<Close>(&command)) {
    if (pending_.contains(end->tunnel)) {
      close(end->tunnel);
    } else {
      tunnels_->close_tunnel(end->tunnel, end->end, end->tell_client);
    }
  } else {
    stopping_ = true;
  }
}

// ─── a connection arrives ─────────────────────────────────────────────────────────────────────

void TlsFront::admit(Arrival arrival) {
  const Endpoint peer = arrival.peer;
  const bool full = pending_.size() + arrivals_.waiting() >= options_.max_pending;
  const bool room = sources_.has_room(peer);
  if (!context_ || !room || full) {
    totals_->add(!context_ ? FrontSum::kRefusedUnready
                 : full    ? FrontSum::kRefusedFull
                           : FrontSum::kRefusedSource);
    return;
  }
  auto owned = std::make_unique<Pending>();
  Pending& pending = *owned;
  pending.connection = std::make_unique<Connection>();
  Connection& connection = *pending.connection;
  connection.tls = TlsStream::create(context_.get());
  if (!connection.tls) return;
  sources_.enter(peer);
  heap_trim_.note(now_);

  connection.id = next_id_++;
  connection.peer = peer;
  connection.local = arrival.local;
  connection.proxied = arrival.proxied;
  connection.socket = std::move(arrival.socket);
  pending.from_proxy = arrival.from_proxy;
  pending.since = arrival.since;
  pending.deadline = arrival.since + options_.handshake_timeout_ms;
  pending.socket_events = EPOLLIN;
  poller_.add(connection.socket.get(), EPOLLIN, tag(kTagSocket, connection.id));
  pending_.emplace(connection.id, std::move(owned));
  totals_->connections.store(pending_.size(), std::memory_order_relaxed);
  if (!arrival.early.empty()) {
    settle(pending, take(pending, arrival.early.data(), arrival.early.size()));
  }
}

// ─── the handshake ────────────────────────────────────────────────────────────────────────────

void TlsFront::on_socket(Pending& pending, uint32_t events) {
  Connection& connection = *pending.connection;
  bool alive = true;
  if (events & EPOLLOUT) {
    alive = connection.tls->flush(connection.socket.get());
    if (alive && pending.relay.is_open() && connection.tls->pending_output() == 0) {
      alive = read_relay(pending, false);
    }
  }
  if (alive && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) &&
      (pending.socket_events & EPOLLIN || events & (EPOLLHUP | EPOLLERR))) {
    alive = receive(pending);
  }
  settle(pending, alive);
}

/** false: the connection is over. */
bool TlsFront::receive(Pending& pending) {
  Connection& connection = *pending.connection;
  const ssize_t n =
      recv(connection.socket.get(), receive_buffer_.data(), receive_buffer_.size(), 0);
  if (n < 0) return errno == EAGAIN || errno == EINTR;
  if (pending.draining) return n > 0;
  if (n == 0) {
    if (pending.state == Pending::State::kHandshaking) return false;
    pending.peer_eof = true;
    pass_on(pending);
    return true;
  }
  return take(pending, receive_buffer_.data(), static_cast<size_t>(n));
}

/** Ciphertext; its bytes are used up when this returns. */
bool TlsFront::take(Pending& pending, const uint8_t* data, size_t size) {
  Connection& connection = *pending.connection;
  connection.tls->feed(data, size);
  if (pending.state == Pending::State::kHandshaking) {
    pending.to_blame = !pending.from_proxy;
    const TlsStream::Status status = connection.tls->handshake();
    if (!connection.tls->flush(connection.socket.get())) return false;
    if (status == TlsStream::Status::kAgain) return true;
    if (status == TlsStream::Status::kFailed) {
      totals_->add(FrontSum::kFailed);
      pending.counted = true;
      return false;
    }
    pending.to_blame = false;
    if (!finish_handshake(pending)) return false;
  }
  return pump_plaintext(pending);
}

bool TlsFront::finish_handshake(Pending& pending) {
  Connection& connection = *pending.connection;
  if (!export_dtls_psk(connection)) return false;
  Fd script_end = pending.relay.open();
  if (!script_end) return false;
  const bool is_13 = SSL_version(connection.tls->ssl()) == TLS1_3_VERSION;
  totals_->add(is_13 ? FrontSum::kTls13 : FrontSum::kTls12);
  totals_->tls_handshakes.add(now_ - pending.since);
  pending.counted = true;
  sources_.leave_handshake(connection.peer);
  pending.state = Pending::State::kRelaying;
  pending.deadline = 0;
  pending.relay_events = EPOLLIN;
  poller_.add(pending.relay.fd(), EPOLLIN, tag(kTagRelay, connection.id));

  ConnectionOpened event = describe(connection);
  event.stream = std::move(script_end);
  events_->connection_opened(std::move(event));
  return true;
}

// ─── plaintext to and from JavaScript ─────────────────────────────────────────────────────────

/** Takes all plaintext that the last feed holds: at most a record and what was received. */
bool TlsFront::pump_plaintext(Pending& pending) {
  for (;;) {
    size_t got = 0;
    switch (pending.connection->tls->read(plain_buffer_.data(), plain_buffer_.size(), &got)) {
      case TlsStream::Status::kDone:
        pending.relay.queue(plain_buffer_.data(), got);
        break;
      case TlsStream::Status::kClosed:
        pending.peer_eof = true;
        [[fallthrough]];
      case TlsStream::Status::kAgain:
        pass_on(pending);
        return true;
      case TlsStream::Status::kFailed:
        return false;
    }
  }
}

void TlsFront::pass_on(Pending& pending) {
  if (pending.state != Pending::State::kRelaying) return;
  pending.relay.send();
  if (pending.peer_eof) pending.relay.end_when_sent();
}

void TlsFront::on_relay(Pending& pending, uint32_t events) {
  bool alive = true;
  if (events & EPOLLOUT) pass_on(pending);
  if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) alive = read_relay(pending, false);
  settle(pending, alive);
}

bool TlsFront::read_relay(Pending& pending, bool all) {
  Connection& connection = *pending.connection;
  return pending.relay.read(*connection.tls, connection.socket.get(), plain_buffer_, all);
}

/** After any event: closes what is over, asks for what is wanted next. */
void TlsFront::settle(Pending& pending, bool alive) {
  Connection& connection = *pending.connection;
  if (alive && pending.relay.script_ended()) {
    if (pending.deadline == 0) {
      pending.deadline = now_ + kLingerMs;
      connection.tls->shut_down();
      alive = connection.tls->flush(connection.socket.get());
    }
    if (alive && connection.tls->pending_output() == 0 && !pending.draining) {
      pending.draining = true;
      alive = !pending.peer_eof && shutdown(connection.socket.get(), SHUT_WR) == 0;
    }
  }
  if (!alive) {
    close(connection.id);
    return;
  }
  update_interest(pending);
}

void TlsFront::update_interest(Pending& pending) {
  const TlsStream& tls = *pending.connection->tls;
  const Relay& relay = pending.relay;
  const bool held = pending.state == Pending::State::kHeld;
  const bool room = held ? relay.waiting().size() < kMaxHeldBytes : relay.waiting().empty();
  // Reading makes OpenSSL answer (a KeyUpdate): who takes no answers is not read from either.
  const bool wanted = !relay.script_ended() && !relay.script_deaf() && room &&
                      tls.pending_output() <= kMaxUnreadOutput;
  const bool want_read = !pending.peer_eof && (pending.draining || wanted);
  const bool want_write = tls.pending_output() > 0;
  const ConnectionId id = pending.connection->id;
  poller_.change(pending.connection->socket.get(), tag(kTagSocket, id), &pending.socket_events,
                 (want_read ? EPOLLIN : 0u) | (want_write ? EPOLLOUT : 0u));
  if (!relay.is_open()) return;
  const bool relay_read = !relay.script_ended() && !want_write;
  const bool relay_write = pending.state == Pending::State::kRelaying && !relay.waiting().empty();
  poller_.change(relay.fd(), tag(kTagRelay, id), &pending.relay_events,
                 (relay_read ? EPOLLIN : 0u) | (relay_write ? EPOLLOUT : 0u));
}

// ─── the connection leaves ────────────────────────────────────────────────────────────────────

void TlsFront::hand_over(TunnelParams params) {
  const auto it = pending_.find(params.connection);
  if (it == pending_.end()) return;  // connection_closed has said so already
  Pending& pending = *it->second;
  if (pending.state != Pending::State::kHeld || pending.peer_eof || !read_relay(pending, true)) {
    close(params.connection);
    return;
  }
  Connection& connection = *pending.connection;
  if (pending.socket_events != 0) poller_.remove(connection.socket.get());
  if (pending.relay_events != 0) poller_.remove(pending.relay.fd());
  const Bytes& unread = pending.relay.waiting();
  params.early.insert(params.early.end(), unread.begin(), unread.end());
  const int relay = pending.relay.fd();
  poller_.add(relay, EPOLLRDHUP, tag(kTagOrphan, static_cast<uint64_t>(relay)));
  orphans_.emplace(relay, pending.relay.take());
  forget(pending);
  std::unique_ptr<Connection> leaving = std::move(pending.connection);
  // Here and not on the packet thread: the hashes and the freeing of OpenSSL's 20 KiB take time.
  leaving->channel = TlsChannel::take_over(std::move(leaving->tls), leaving->socket.get());
  pending_.erase(it);
  totals_->connections.store(pending_.size(), std::memory_order_relaxed);
  tunnels_->open_tunnel(std::move(leaving), std::move(params));
}

void TlsFront::close(ConnectionId id) {
  const auto it = pending_.find(id);
  if (it == pending_.end()) return;
  const bool announced = it->second->state != Pending::State::kHandshaking;
  // One that said nothing is a load balancer's look, and no handshake.
  if (it->second->to_blame && !it->second->counted) totals_->add(FrontSum::kAbandoned);
  if (it->second->to_blame) failures_.note(it->second->connection->peer);
  forget(*it->second);
  pending_.erase(it);
  totals_->connections.store(pending_.size(), std::memory_order_relaxed);
  if (announced) events_->connection_closed(id);
}

/** It no longer counts against its source. */
void TlsFront::forget(Pending& pending) {
  const Endpoint& peer = pending.connection->peer;
  if (pending.state == Pending::State::kHandshaking) sources_.leave_handshake(peer);
  sources_.leave(peer);
}

void TlsFront::sweep(int64_t now) {
  std::vector<ConnectionId> late;
  for (const auto& [id, pending] : pending_) {
    if (pending->deadline != 0 && now >= pending->deadline) late.push_back(id);
  }
  for (const ConnectionId id : late) {
    Pending& pending = *pending_.at(id);
    if (pending.to_blame && !pending.counted) {
      totals_->add(FrontSum::kTimedOut);
      pending.counted = true;
    }
    close(id);
  }
  arrivals_.sweep(now);
  heap_trim_.check(now);
  FailureCounts::Counts failed = failures_.take_due(now);
  if (!failed.empty()) events_->connects_failed(std::move(failed));
}

}  // namespace wolfguard
