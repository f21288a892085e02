#include "dtls_channel.h"

namespace wolfguard {

namespace {

/** Old keys open stragglers for this long after new ones are in use [oc 8.5]. */
constexpr int64_t kPreviousKeysMs = 30000;
/** Tunnels tried for a record from an unknown port of a known address: a NAT's population. */
constexpr int kTrialsPerRecord = 16;
/** Records a second and worker that may cause such trials, or a question to the others. */
constexpr int kTrialsPerSecond = 1000;
/** End points of other workers that are remembered; the map starts anew beyond it. */
constexpr size_t kMaxForeign = 1 << 20;
constexpr uint8_t kAlertFatal = 2, kAlertCloseNotify = 0;

}  // namespace

DtlsChannel::DtlsChannel(const DtlsContexts* contexts, TunnelTable* tunnels, Inbound* inbound,
                         Outbound* outbound, WorkerLinks* links, EventSink* events,
                         EngineTotals* totals)
    : contexts_(contexts),
      tunnels_(tunnels),
      inbound_(inbound),
      outbound_(outbound),
      links_(links),
      events_(events),
      totals_(totals) {}

void DtlsChannel::on_datagram(uint8_t* data, size_t size, const UdpPath& path) {
  dispatch(data, size, path, kOwnSocket);
}

void DtlsChannel::on_link(const LinkMessage& message) {
  switch (message.kind) {
    case LinkKind::kDatagram:
      dispatch(message.payload, message.size, message.path, message.from_worker);
      break;
    case LinkKind::kStranger:
      on_stranger(message.payload, message.size, message.path, message.from_worker);
      break;
    case LinkKind::kClaim:
      remember_foreign(message.path.peer, message.from_worker);
      break;
    case LinkKind::kRelease: {
      const auto it = foreign_.find(message.path.peer);
      // It may have come to a third worker, whose claim was the quicker message.
      if (it != foreign_.end() && it->second == message.from_worker) foreign_.erase(it);
      break;
    }
    case LinkKind::kInsidePacket:
      break;  // not ours: the packet loop takes it
  }
}

void DtlsChannel::dispatch(uint8_t* data, size_t size, const UdpPath& path, int from_worker) {
  const auto header = parse_dtls_header(data, size);
  if (!header) {
    totals_->add(PacketSum::kDropBadRecord);
    return;
  }
  if (is_client_hello(data, size)) {
    on_hello(data, size, path, from_worker);
    return;
  }
  const bool is_record = header->epoch == 1 && (header->type == ContentType::kApplicationData ||
                                                header->type == ContentType::kAlert);
  Tunnel* tunnel = tunnels_->by_endpoint(path.peer);
  if (tunnel == nullptr) {
    if (from_worker != kOwnSocket) {
      links_->send(from_worker, LinkKind::kRelease, path, {});
    } else if (!forward_foreign(data, size, path) && is_record) {
      on_stranger(data, size, path, from_worker);
    }
  } else if (is_record) {
    on_records(*tunnel, data, size, path);
  } else {
    on_handshake_record(data, size, path, from_worker);
  }
}

void DtlsChannel::remember_foreign(const Endpoint& peer, int owner) {
  if (foreign_.size() >= kMaxForeign) foreign_.clear();
  foreign_[peer] = owner;
}

bool DtlsChannel::forward_foreign(uint8_t* data, size_t size, const UdpPath& path) {
  const auto it = foreign_.find(path.peer);
  if (it == foreign_.end()) return false;
  if (links_->send(it->second, LinkKind::kDatagram, path, {data, size})) {
    totals_->add(PacketSum::kForwardedPackets);
  } else {
    totals_->add(PacketSum::kDropReceivedMailbox);
  }
  return true;
}

// ─── handshakes ───────────────────────────────────────────────────────────────────────────────

void DtlsChannel::on_hello(uint8_t* data, size_t size, const UdpPath& path, int from_worker) {
  const auto hello = parse_client_hello(data, size);
  if (!hello) {
    totals_->add(PacketSum::kDropBadRecord);
    return;
  }
  // Byte 0 of the App-ID is the number of the worker that chose it [oc 8.4].
  const int owner = hello->app_id[0];
  if (owner != links_->self()) {
    if (from_worker != kOwnSocket) return;
    if (links_->send(owner, LinkKind::kDatagram, path, {data, size})) {
      totals_->add(PacketSum::kForwardedPackets);
    } else {
      totals_->add(owner < links_->count() ? PacketSum::kDropReceivedMailbox
                                           : PacketSum::kDropUnknownPeer);
    }
    // The client's next flight may overtake the owner's claim. A stranger who makes this entry up
    // gains nothing: the owner releases what it does not know.
    if (!hello->cookie.empty()) remember_foreign(path.peer, owner);
    return;
  }
  Tunnel* tunnel = tunnels_->by_app_id(hello->app_id);
  if (tunnel == nullptr) {
    totals_->add(PacketSum::kDropUnknownPeer);
    return;
  }
  if (tunnel->params.deny_roaming && path.peer.address != tunnel->connection->peer.address) {
    totals_->add(PacketSum::kDropRoaming);
    return;
  }
  if (!cookies_.verify(path.peer, hello->cookie)) {
    const auto request = make_hello_verify_request(cookies_.make(path.peer));
    outbound_->send_datagram(*tunnel, path, request.data(), request.size());
    return;
  }
  if (tunnel->pending && tunnel->pending->path.peer == path.peer &&
      tunnel->pending->client_random == hello->random) {
    repeat_flight(*tunnel, true);
    return;
  }
  if (tunnel->active.keys && tunnel->active_random == hello->random) return;
  begin(*tunnel, *hello, data, size, path, from_worker);
}

void DtlsChannel::begin(Tunnel& tunnel, const ClientHello& hello, uint8_t* data, size_t size,
                        const UdpPath& path, int from_worker) {
  drop_pending(tunnel);
  DtlsCredentials credentials;
  credentials.legacy = tunnel.params.legacy_dtls;
  credentials.psk = tunnel.connection->dtls_psk;
  credentials.master_secret = tunnel.params.master_secret;
  credentials.suite = tunnel.params.dtls_suite;
  auto pending = std::make_unique<DtlsPending>();
  pending->handshake = DtlsHandshake::create(*contexts_, credentials, cookies_.make(path.peer));
  if (!pending->handshake) return;
  pending->path = path;
  pending->client_random = hello.random;
  pending->started = now_;
  tunnel.pending = std::move(pending);
  tunnels_->link_endpoint(path.peer, &tunnel);
  // Before the answer leaves: the client's next flight will reach the socket that its hello has
  // reached; but a hello that was steered here by its App-ID says nothing about that one.
  if (from_worker != kOwnSocket) {
    links_->send(from_worker, LinkKind::kClaim, path, {});
  } else {
    links_->broadcast(LinkKind::kClaim, path, {});
  }
  advance(tunnel, data, size);
}

void DtlsChannel::on_handshake_record(uint8_t* data, size_t size, const UdpPath& path,
                                      int from_worker) {
  Tunnel& tunnel = *tunnels_->by_endpoint(path.peer);
  if (tunnel.pending && tunnel.pending->path.peer == path.peer) {
    if (from_worker != kOwnSocket) links_->send(from_worker, LinkKind::kClaim, path, {});
    advance(tunnel, data, size);
  } else if (tunnel.active.keys && tunnel.active.path.peer == path.peer) {
    send_flight(tunnel, tunnel.last_flight,
                path);  // our Finished was lost: the client repeats its own
  }
}

void DtlsChannel::advance(Tunnel& tunnel, const uint8_t* data, size_t size) {
  DtlsHandshake& handshake = *tunnel.pending->handshake;
  const DtlsHandshake::Status status = handshake.feed(data, size);
  if (status == DtlsHandshake::Status::kFailed) {
    totals_->add(PacketSum::kDtlsFailed);
    drop_pending(tunnel);
    return;
  }
  if (handshake.answered()) send_flight(tunnel, handshake.flight(), tunnel.pending->path);
  if (status == DtlsHandshake::Status::kDone) finish(tunnel);
}

void DtlsChannel::finish(Tunnel& tunnel) {
  DtlsSecrets secrets;
  std::unique_ptr<DtlsKeys> keys;
  if (tunnel.pending->handshake->take_secrets(&secrets)) keys = DtlsKeys::create(secrets);
  OPENSSL_cleanse(&secrets, sizeof secrets);
  if (!keys) {
    totals_->add(PacketSum::kDtlsFailed);
    drop_pending(tunnel);
    return;
  }
  totals_->add(tunnel.params.legacy_dtls ? PacketSum::kDtlsResumed : PacketSum::kDtlsFull);
  totals_->dtls_handshakes.add(now_ - tunnel.pending->started);
  drop_previous(tunnel);
  if (tunnel.active.keys) {
    tunnel.previous = std::move(tunnel.active);
    tunnel.previous_until_ms = now_ + kPreviousKeysMs;
  }
  tunnel.active = {std::move(keys), tunnel.pending->path};
  // Unlinked if the client has moved away from there in the meantime, and back.
  tunnels_->link_endpoint(tunnel.active.path.peer, &tunnel);
  forget_path_limit(tunnel);
  tunnel.last_flight = tunnel.pending->handshake->flight();
  tunnel.active_random = tunnel.pending->client_random;
  const char* cipher = tunnel.pending->handshake->cipher_name();
  tunnel.pending.reset();  // its 122 KiB are worth freeing at once
  tunnel.dtls_confirmed = false;
  tunnel.dtls_silent = false;
  tunnel.dtls_unanswered = false;
  tunnel.dtls_rx_ms = now_;
  tunnel.shared->dtls_cipher.store(cipher, std::memory_order_relaxed);
  events_->dtls_opened(tunnel.id, cipher);
}

/** The client lacks our last flight. `soon`: at once from its bytes if it is too young for more. */
void DtlsChannel::repeat_flight(Tunnel& tunnel, bool soon) {
  DtlsHandshake& handshake = *tunnel.pending->handshake;
  handshake.repeat();
  if (soon || handshake.answered()) send_flight(tunnel, handshake.flight(), tunnel.pending->path);
}

void DtlsChannel::send_flight(const Tunnel& tunnel, const Flight& flight, const UdpPath& path) {
  for (const Bytes& datagram : flight) {
    outbound_->send_datagram(tunnel, path, datagram.data(), datagram.size());
  }
}

// ─── records ──────────────────────────────────────────────────────────────────────────────────

void DtlsChannel::on_records(Tunnel& tunnel, uint8_t* data, size_t size, const UdpPath& path) {
  while (const auto header = parse_dtls_header(data, size)) {
    bool opened = false;
    if (tunnel.active.keys) {
      // The old slot is tried only while it lives, on a copy: a failed opening garbles the bytes.
      if (tunnel.previous.keys) scratch_.assign(data, data + kDtlsHeaderSize + header->length);
      const bool newest = tunnel.active.keys->is_newest(*header);
      if (const auto text = tunnel.active.keys->open(data, *header)) {
        opened = true;
        tunnel.dtls_confirmed = true;
        on_opened(tunnel, header->type, newest, *text, path);
      } else if (tunnel.previous.keys) {
        if (const auto old = tunnel.previous.keys->open(scratch_.data(), *header)) {
          opened = true;
          if (header->type == ContentType::kApplicationData) {
            inbound_->on_dtls_text(tunnel, old->data(), old->size());
            inbound_->flush();  // scratch_ is about to be used again
          }
        }
      }
    }
    if (!opened) {
      const bool replayed = tunnel.active.keys && tunnel.active.keys->is_replay(*header);
      totals_->add(replayed ? PacketSum::kDropReplay : PacketSum::kDropBadRecord);
      // Data before its Finished: in a resumption nobody else notices that this was lost [oc 8.3].
      if (tunnel.pending && tunnel.pending->path.peer == path.peer) repeat_flight(tunnel, false);
    }
    if (!tunnel.receives() || !tunnel.active.keys) return;
    data += kDtlsHeaderSize + header->length;
    size -= kDtlsHeaderSize + header->length;
  }
}

/**
 * A record that the active keys have authenticated: proof of life, and of where the client is if it
 * is the latest. An older one may have been held back by somebody who sends it from elsewhere now.
 */
void DtlsChannel::on_opened(Tunnel& tunnel, ContentType type, bool newest, std::span<uint8_t> text,
                            const UdpPath& path) {
  if (newest && !(tunnel.active.path.peer == path.peer)) {
    forget_path_limit(tunnel);
    tunnels_->unlink_endpoint(tunnel.active.path.peer, &tunnel);
    tunnels_->link_endpoint(path.peer, &tunnel);
  }
  if (newest) tunnel.active.path = path;
  tunnel.last_flight.clear();
  tunnel.dtls_silent = false;
  tunnel.dtls_unanswered = false;
  tunnel.dtls_rx_ms = now_;
  tunnel.set_on_dtls(true);
  if (type == ContentType::kApplicationData) {
    inbound_->on_dtls_text(tunnel, text.data(), text.size());
  } else if (type == ContentType::kAlert && text.size() >= 2 &&
             (text[0] == kAlertFatal || text[1] == kAlertCloseNotify)) {
    drop(tunnel, text[1] == kAlertCloseNotify ? "closed by the client" : "alert");
  }
}

/** A record from an end point that we do not know: a client whose NAT gave it another. */
void DtlsChannel::on_stranger(uint8_t* data, size_t size, const UdpPath& path, int from_worker) {
  const bool ours = from_worker == kOwnSocket;
  if (!spend_trial()) {
    if (ours) totals_->add(PacketSum::kDropUnknownPeer);
    return;
  }
  if (try_to_open(data, size, path)) {
    if (!ours) links_->send(from_worker, LinkKind::kClaim, path, {});
  } else if (ours) {
    // Whether another worker knows it, nobody says.
    if (links_->count() < 2) totals_->add(PacketSum::kDropUnknownPeer);
    links_->broadcast(LinkKind::kStranger, path, {data, size});
  }
}

bool DtlsChannel::try_to_open(uint8_t* data, size_t size, const UdpPath& path) {
  const auto header = parse_dtls_header(data, size);
  if (!header || header->epoch != 1) return false;
  // A worker that was replaced asks about end points that have not moved at all.
  if (Tunnel* known = tunnels_->by_endpoint(path.peer)) {
    on_records(*known, data, size, path);
    return true;
  }
  int trials = 0;
  Tunnel* found = nullptr;
  bool newest = false;
  Bytes copy;
  std::span<uint8_t> text;
  tunnels_->for_each_at(path.peer.address, [&](Tunnel& tunnel) {
    if (!tunnel.active.keys) return false;
    copy.assign(data, data + kDtlsHeaderSize + header->length);
    newest = tunnel.active.keys->is_newest(*header);
    if (const auto opened = tunnel.active.keys->open(copy.data(), *header)) {
      found = &tunnel;
      text = *opened;
    }
    return found != nullptr || ++trials >= kTrialsPerRecord;
  });
  if (found == nullptr) return false;
  found->dtls_confirmed = true;
  on_opened(*found, header->type, newest, text, path);
  inbound_->flush();  // the copy ends here
  return true;
}

bool DtlsChannel::spend_trial() {
  if (now_ / 1000 != trial_second_) {
    trial_second_ = now_ / 1000;
    trial_budget_ = kTrialsPerSecond;
  }
  if (trial_budget_ == 0) return false;
  trial_budget_--;
  return true;
}

// ─── the end of a slot ────────────────────────────────────────────────────────────────────────

void DtlsChannel::drop(Tunnel& tunnel, const char* reason) {
  drop_previous(tunnel);
  if (!tunnel.active.keys) return;
  const Endpoint peer = tunnel.active.path.peer;
  tunnel.active = {};
  forget_path_limit(tunnel);
  // A new handshake may already be under way from the same port.
  if (!tunnel.pending || tunnel.pending->path.peer != peer) {
    tunnels_->unlink_endpoint(peer, &tunnel);
  }
  tunnel.last_flight.clear();
  tunnel.dtls_confirmed = false;
  tunnel.dtls_silent = false;
  tunnel.set_on_dtls(false);
  tunnel.shared->dtls_cipher.store("", std::memory_order_relaxed);
  events_->dtls_closed(tunnel.id, reason);
}

void DtlsChannel::drop_pending(Tunnel& tunnel) {
  if (!tunnel.pending) return;
  const Endpoint peer = tunnel.pending->path.peer;
  tunnel.pending.reset();
  const bool still_used = (tunnel.active.keys && tunnel.active.path.peer == peer) ||
                          (tunnel.previous.keys && tunnel.previous.path.peer == peer);
  if (!still_used) tunnels_->unlink_endpoint(peer, &tunnel);
}

void DtlsChannel::drop_previous(Tunnel& tunnel) {
  if (!tunnel.previous.keys) return;
  const Endpoint peer = tunnel.previous.path.peer;
  tunnel.previous = {};
  const bool still_used = (tunnel.active.keys && tunnel.active.path.peer == peer) ||
                          (tunnel.pending && tunnel.pending->path.peer == peer);
  if (!still_used) tunnels_->unlink_endpoint(peer, &tunnel);
}

}  // namespace wolfguard
