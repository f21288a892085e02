#include "packet_loop.h"

#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <cerrno>

namespace wolfguard {

namespace {

/** Tags below this are not pointers: the first page is never mapped. */
constexpr uint64_t kTunTag = 1, kInboxTag = 2, kCommandTag = 3, kFirstUdpTag = 16;
constexpr uint64_t kLastSmallTag = 4095;

constexpr size_t kDatagramSize = kMaxInsidePacket + 128;
/** What the kernel joins is at most one IP packet's size. */
constexpr size_t kMaxDatagramTrain = 65536;
/** Shares of one wake-up: see InsideReader::read. */
constexpr size_t kDatagramsPerWake = 4096;
/** What is over a peer's share costs a copy only: the socket must not stay full. */
constexpr int kReceivesPerWake = 8;
constexpr size_t kTlsReceiveSize = 128 << 10;
/** After a goodbye the client gets this long to take it and to close. */
constexpr int64_t kDrainMs = 2000;
/** At the engine's end all goodbyes together get this long. */
constexpr int64_t kFinalDrainMs = 500;

uint64_t tag(const Tunnel& tunnel) { return reinterpret_cast<uint64_t>(&tunnel); }

}  // namespace

PacketLoop::PacketLoop(const PacketLoopOptions& options, const DtlsContexts* contexts,
                       EventSink* events, EngineTotals* totals)
    : options_(options),
      events_(events),
      totals_(totals),
      owners_(OwnersView::map(options.owners_fd)),
      links_(options.worker, options.outboxes),
      outbound_(options.udp_fds, kDatagramSize, options.udp_segmentation,
                TunQueue(options.tun_fd, options.tun_offload), totals),
      hand_over_(&tunnels_, &owners_, &links_, &poller_, events, totals),
      inside_(TunQueue(options.tun_fd, options.tun_offload), &tunnels_, &owners_, &hand_over_,
              &links_, &outbound_, totals),
      inbound_(TunQueue(options.tun_fd, options.tun_offload), &owners_, &outbound_, this, totals),
      dtls_(contexts, &tunnels_, &inbound_, &outbound_, &links_, events, totals),
      liveness_(&outbound_, &dtls_, this),
      reader_(join_datagrams() ? kMaxDatagramTrain : kDatagramSize),
      tls_buffer_(kMaxTlsRecord + kTlsReceiveSize) {}

PacketLoop::~PacketLoop() = default;

void PacketLoop::open_tunnel(std::unique_ptr<Connection> connection, TunnelParams params) {
  commands_.push(Open{std::move(connection), std::move(params)});
}

void PacketLoop::close_tunnel(ConnectionId tunnel, TunnelEnd end, bool tell_client) {
  commands_.push(Close{tunnel, end, tell_client});
}

void PacketLoop::stop() { commands_.push(Stop{}); }

void PacketLoop::run(UrgentThread urgency) {
  prctl(PR_SET_NAME, "wolf-packets");
  set_now(monotonic_ms());
  wheel_.start(now_);
  poller_.add(commands_.event_fd(), EPOLLIN, kCommandTag);
  poller_.add_busy(options_.tun_fd, kTunTag);
  if (options_.inbox_fd >= 0) poller_.add(options_.inbox_fd, EPOLLIN, kInboxTag);
  for (size_t i = 0; i < options_.udp_fds.size(); i++) {
    poller_.add_busy(options_.udp_fds[i], kFirstUdpTag + i);
  }
  bool rest = false;
  while (!stopping_) {
    epoll_event events[64];
    if (rest) rest_ns(Gathering::kRestNs);
    const int n = poller_.wait(events, 64, rest ? 0 : wait_ms());
    set_now(monotonic_ms());
    if (urgency.adapt(now_)) events_->packets_calm(urgency.thread());
    // Before the events: what they schedule counts from the wheel's present.
    wheel_.advance(now_, [&](uint64_t id) {
      Tunnel* tunnel = tunnels_.by_id(id);
      if (tunnel != nullptr && tunnel->next_check_ms <= now_) check(*tunnel);
    });
    for (int i = 0; i < n; i++) dispatch(events[i]);
    poll_bulk();
    flush();
    graveyard_.clear();
    rest = gathering_.end_look(now_);
  }
  let_drain();
  // Here and not when JavaScript's object is collected: clients shall see the end at once.
  commands_.take_all();
  graveyard_.clear();
  tunnels_ = TunnelTable();
  totals_->tunnels.store(0, std::memory_order_relaxed);
}

int PacketLoop::wait_ms() const {
  if (tunnels_.size() == 0 && hand_over_.empty()) return -1;
  return bulk_.empty() ? static_cast<int>(TimerWheel::kSlotMs) : BulkReceiver::kPollMs;
}

void PacketLoop::set_now(int64_t now) {
  now_ = now;
  outbound_.set_now(now);
  inbound_.set_now(now);
  dtls_.set_now(now);
  hand_over_.set_now(now);
}

void PacketLoop::dispatch(const epoll_event& event) {
  const uint64_t what = event.data.u64;
  if (what == kTunTag) {
    inside_.read();
    flush();
  } else if (what == kInboxTag) {
    read_inbox();
  } else if (what == kCommandTag) {
    for (Command& command : commands_.take_all()) carry_out(command);
  } else if (what <= kLastSmallTag) {
    read_udp(what - kFirstUdpTag);
  } else {
    // Freed only at the end of the wake-up: an event of this batch may still name it.
    Tunnel& tunnel = *reinterpret_cast<Tunnel*>(what);
    if (tunnel.state != Tunnel::State::kDead) on_tls_socket(tunnel, event.events);
  }
}

// ─── tunnels come and go ──────────────────────────────────────────────────────────────────────

void PacketLoop::carry_out(Command& command) {
  if (auto* opening = std::get_if<Open>(&command)) {
    open(*opening);
  } else if (auto* closing = std::get_if<Close>(&command)) {
    Tunnel* tunnel = tunnels_.by_id(closing->tunnel);
    if (tunnel != nullptr) close(*tunnel, closing->end, closing->tell_client);
  } else {
    stopping_ = true;
  }
}

/** Tables first, then the answer: the client's hello may be here before this function ends. */
void PacketLoop::open(Open& command) {
  auto owned = std::make_unique<Tunnel>();
  owned->id = command.params.connection;
  owned->connection = std::move(command.connection);
  owned->params = std::move(command.params);
  owned->shared = std::make_shared<TunnelShared>();
  owned->shared->mtu = owned->params.mtu;
  owned->dtls_tunnels = &totals_->dtls_tunnels;
  if (const int64_t rate = owned->params.rx_limit; rate > 0) {
    owned->rx_limit = std::make_unique<RateLimit>(rate, now_);
  }
  if (const int64_t rate = owned->params.tx_limit; rate > 0) {
    owned->tx_limit = std::make_unique<RateLimit>(rate, now_);
  }
  owned->filter = AclFilter(std::move(owned->params.acl), owned->params.isolated);
  owned->opened_ms = owned->keys_ms = owned->tls_rx_ms = owned->tls_tx_ms = owned->data_ms = now_;
  const std::string answer = std::move(owned->params.answer);
  Bytes early = std::move(owned->params.early);

  // The primary gives an address or network to one session, which has one tunnel at a time.
  if (owned->params.has_inside4) evict(owned->params.inside4);
  if (owned->params.has_inside6) evict(owned->params.inside6);
  for_each_network(owned->params, [&](const InsideNetwork& network) { evict(network.base); });
  Tunnel& tunnel = *tunnels_.add(std::move(owned));
  totals_->tunnels.store(tunnels_.size(), std::memory_order_relaxed);
  tunnel.socket_events = EPOLLIN;
  poller_.add(tunnel.connection->socket.get(), EPOLLIN, tag(tunnel));
  const uint8_t traffic_class = tunnel.params.traffic_class;
  if (traffic_class != 0) mark_packets(*tunnel.connection, traffic_class);
  const bool written =
      tunnel.tls().send_text({reinterpret_cast<const uint8_t*>(answer.data()), answer.size()});
  outbound_.touch(tunnel);
  events_->tunnel_opened(tunnel.id, tunnel.shared);
  if (!written) {
    close(tunnel, TunnelEnd::kLost, false);
    return;
  }
  check(tunnel);
  if (!early.empty()) inbound_.on_early_text(tunnel, early.data(), early.size());
  inbound_.flush();  // `early` ends here
  hand_over_.take_waiting(tunnel,
                          [&](uint8_t* packet, size_t size) { inside_.send({}, packet, size); });
}

void PacketLoop::evict(const Address& inside) {
  Tunnel* old = tunnels_.by_inside(inside);
  if (old != nullptr) close(*old, TunnelEnd::kReplaced, false);
}

void PacketLoop::close(Tunnel& tunnel, TunnelEnd end, bool tell_client) {
  if (!tunnel.receives()) return;
  bulk_.forget(tunnel);
  if (hand_over_.keep(tunnel, end)) {
    wheel_.schedule(tunnel.id, tunnel.next_check_ms);
    return;
  }
  tunnels_.unlink(&tunnel);
  hand_over_.tell_end(tunnel, end);
  TlsChannel& tls = tunnel.tls();
  if (tell_client) {
    outbound_.say_goodbye(tunnel, end);
  }
  tls.shut_down();
  if (!tls.flush() || !tell_client) {
    bury(tunnel);
    return;
  }
  // Closing now could reset the connection over our goodbye, if the client is still sending.
  tunnel.state = Tunnel::State::kDraining;
  update_interest(tunnel);
  tunnel.next_check_ms = now_ + kDrainMs;
  wheel_.schedule(tunnel.id, tunnel.next_check_ms);
}

void PacketLoop::bury(Tunnel& tunnel) {
  tunnel.state = Tunnel::State::kDead;
  tunnel.set_on_dtls(false);
  set_blocked(tunnel, false);
  hand_over_.deafen(tunnel);
  graveyard_.push_back(tunnels_.remove(tunnel.id));
  totals_->tunnels.store(tunnels_.size(), std::memory_order_relaxed);
}

void PacketLoop::check(Tunnel& tunnel) {
  if (tunnel.state == Tunnel::State::kDraining) {
    bury(tunnel);
    return;
  }
  if (tunnel.state == Tunnel::State::kLeft) {
    close(tunnel, TunnelEnd::kLost, false);
    return;
  }
  const int64_t next = liveness_.check(tunnel, now_);
  if (tunnel.state != Tunnel::State::kUp) return;
  tunnel.next_check_ms = next;
  wheel_.schedule(tunnel.id, next);
}

// ─── the outside ──────────────────────────────────────────────────────────────────────────────

/** Asks the kernel to hand over trains; one that cannot hands over single datagrams as before. */
bool PacketLoop::join_datagrams() {
  if (!options_.udp_joining) return false;
  const int one = 1;
  for (const int fd : options_.udp_fds) {
    if (setsockopt(fd, IPPROTO_UDP, UDP_GRO, &one, sizeof one) == 0) continue;
    totals_->add(PacketSum::kKernelRefusedUdpJoining);
    events_->warn("the kernel refuses UDP_GRO: datagrams come one by one (engine.udp_gro)");
    return false;
  }
  return true;
}

void PacketLoop::read_udp(size_t socket) {
  shares_.begin();
  size_t opened = 0;
  for (int round = 0; round < kReceivesPerWake && opened < kDatagramsPerWake; round++) {
    const int n = reader_.receive(options_.udp_fds[socket]);
    size_t received = 0;
    for (int i = 0; i < n; i++) {
      if (reader_.truncated(i)) {
        totals_->add(PacketSum::kDropBadRecord);
        continue;
      }
      const UdpPath path{reader_.peer(i), reader_.local(i), static_cast<uint8_t>(socket)};
      const size_t size = reader_.size(i), step = reader_.segment_size(i);
      const size_t datagrams = (size + step - 1) / step;
      gathering_.add(size);
      received += datagrams;
      const size_t granted = shares_.grant(path.peer, datagrams, step);
      for (size_t n = 0; n < granted; n++) {
        dtls_.on_datagram(reader_.data(i) + n * step, std::min(step, size - n * step), path);
      }
      opened += granted;
      if (granted < datagrams) totals_->add(PacketSum::kDropFlood, datagrams - granted);
    }
    if (n > 0) {
      totals_->add(PacketSum::kUdpReceiveCalls);
      totals_->add(PacketSum::kUdpReceivePackets, received);
    }
    flush();
    if (n < DatagramReader::kBatch) return;
  }
}

void PacketLoop::read_inbox() {
  const int n = reader_.receive(options_.inbox_fd);
  for (int i = 0; i < n; i++) {
    LinkMessage message;
    if (reader_.truncated(i) || !links_.parse(reader_.data(i), reader_.size(i), &message) ||
        message.path.socket >= std::max<size_t>(options_.udp_fds.size(), 1)) {
      continue;
    }
    if (message.kind == LinkKind::kInsidePacket) {
      // The link header in front of it is the headroom.
      inside_.send({}, message.payload, message.size);
    } else {
      dtls_.on_link(message);
    }
  }
  flush();
}

void PacketLoop::on_tls_socket(Tunnel& tunnel, uint32_t events) {
  if (tunnel.deaf) return;
  if (events & EPOLLOUT) outbound_.touch(tunnel);
  if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
    const size_t size = receive_tls(tunnel);
    if (tunnel.state == Tunnel::State::kUp) bulk_.on_event(tunnel, size, now_);
  }
  flush();
}

void PacketLoop::poll_bulk() {
  if (bulk_.empty()) return;
  bulk_.poll([&](Tunnel& tunnel) {
    const size_t size = receive_tls(tunnel);
    if (tunnel.state == Tunnel::State::kUp) bulk_.on_poll(tunnel, size);
    flush();
  });
}

/** One receive a wake-up and tunnel: who floods waits for the others. How much has come. */
size_t PacketLoop::receive_tls(Tunnel& tunnel) {
  uint8_t* room = tls_buffer_.data() + kMaxTlsRecord;
  const ssize_t n = recv(tunnel.connection->socket.get(), room, kTlsReceiveSize, 0);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
  if (tunnel.state == Tunnel::State::kDraining) {
    if (n <= 0) bury(tunnel);  // what it still says is thrown away
    return 0;
  }
  if (n <= 0) {
    close(tunnel, TunnelEnd::kLost, false);
    return 0;
  }
  totals_->add(PacketSum::kTlsReceiveCalls);
  inbound_.on_tls_bytes(tunnel, room, static_cast<size_t>(n));
  return static_cast<size_t>(n);
}

void PacketLoop::flush() {
  inbound_.flush();
  outbound_.flush(
      [&](Tunnel& broken) {
        if (broken.state == Tunnel::State::kDraining) {
          bury(broken);
        } else {
          close(broken, TunnelEnd::kLost, false);
        }
      },
      [&](Tunnel& tunnel) { update_interest(tunnel); });
  if (const auto refusal = outbound_.take_path_refusal()) heed(*refusal);
  report_endpoints();
  totals_->tls_waiting_bytes.store(Backlog::waiting_bytes(), std::memory_order_relaxed);
  if (inbound_.take_joining_refused()) {
    totals_->add(PacketSum::kKernelRefusedTunJoining);
    events_->warn(
        "the TUN device refuses super-packets: they are now written one by one "
        "(engine.tun_offload)");
  }
  if (outbound_.take_segmentation_refused()) {
    totals_->add(PacketSum::kKernelRefusedUdpSegmentation);
    events_->warn(
        "the kernel refuses UDP_SEGMENT: datagrams now leave one by one (engine.udp_gso)");
  }
}

void PacketLoop::heed(const PathRefusal& refusal) {
  Tunnel* tunnel = tunnels_.by_endpoint(refusal.path.peer);
  if (tunnel == nullptr || !limit_path(*tunnel, refusal, now_)) return;
  tunnel->next_check_ms = std::min(tunnel->next_check_ms, now_ + PathLimit::kRetryMs);
  wheel_.schedule(tunnel->id, tunnel->next_check_ms);
}

/** For the primary, which steers by them, and for the workers that forward from them. */
void PacketLoop::report_endpoints() {
  std::vector<EndpointChange> changes = tunnels_.take_endpoint_changes();
  if (changes.empty()) return;
  for (const EndpointChange& change : changes) {
    if (!change.owned) links_.broadcast(LinkKind::kRelease, {change.endpoint, {}, 0}, {});
  }
  events_->endpoints_changed(std::move(changes));
}

void PacketLoop::update_interest(Tunnel& tunnel) {
  const TlsChannel& tls = tunnel.tls();
  const int fd = tunnel.connection->socket.get();
  if (tunnel.state == Tunnel::State::kDraining && !tls.has_output()) shutdown(fd, SHUT_WR);
  const uint32_t events = (tls.overwhelmed() ? 0u : EPOLLIN) | (tls.has_output() ? EPOLLOUT : 0u);
  if (events == tunnel.socket_events || tunnel.deaf) return;
  if ((events & EPOLLIN) == 0) bulk_.forget(tunnel);
  set_blocked(tunnel, (events & EPOLLOUT) != 0);
  tunnel.socket_events = events;
  poller_.modify(fd, events, tag(tunnel));
}

/** Its socket takes no more for now. */
void PacketLoop::set_blocked(Tunnel& tunnel, bool blocked) {
  if (blocked == tunnel.blocked) return;
  tunnel.blocked = blocked;
  bump(totals_->tls_blocked, blocked ? 1 : ~uint64_t{0});
}

/** At the end: lets goodbyes reach their clients, for a bounded time. */
void PacketLoop::let_drain() {
  const int64_t until = monotonic_ms() + kFinalDrainMs;
  poller_.remove_busy();  // nothing but goodbyes matters now
  graveyard_.clear();
  while (tunnels_.size() > 0 && (now_ = monotonic_ms()) < until) {
    bool draining = false;
    tunnels_.for_each(
        [&](Tunnel& tunnel) { draining = draining || tunnel.state == Tunnel::State::kDraining; });
    if (!draining) return;
    epoll_event events[64];
    const int n = poller_.wait(events, 64, 20);
    for (int i = 0; i < n; i++) {
      // A ready mailbox must not spin the loop.
      if (events[i].data.u64 == kInboxTag) poller_.remove(options_.inbox_fd);
      if (events[i].data.u64 == kCommandTag) poller_.remove(commands_.event_fd());
      if (events[i].data.u64 <= kLastSmallTag) continue;
      Tunnel& tunnel = *reinterpret_cast<Tunnel*>(events[i].data.u64);
      if (tunnel.state == Tunnel::State::kDraining) on_tls_socket(tunnel, events[i].events);
    }
    graveyard_.clear();
  }
}

}  // namespace wolfguard
