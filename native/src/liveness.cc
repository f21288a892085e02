#include "liveness.h"

#include "timer_wheel.h"

namespace wolfguard {

namespace {

/** A handshake whose client has gone; openconnect gives up after 12 s [oc 8.5]. */
constexpr int64_t kHandshakeMs = 15000;
/** While UDP is taken for blocked and data flows, it is asked this often whether it is back. */
constexpr int64_t kBlockedProbeMs = 5000;
/** Data seen within this time counts as flowing. */
constexpr int64_t kFlowingMs = 30000;

}  // namespace

/** The earliest of several moments. */
class Liveness::Deadline {
 public:
  explicit Deadline(int64_t now) : at_(now + TimerWheel::kHorizonMs) {}
  void at(int64_t moment) {
    if (moment < at_) at_ = moment;
  }
  int64_t moment() const { return at_; }

 private:
  int64_t at_;
};

int64_t Liveness::check(Tunnel& tunnel, int64_t now) {
  Deadline next(now);
  if (!check_idle(tunnel, now, &next) || !check_tls(tunnel, now, &next)) return 0;
  check_keys(tunnel, now, &next);
  check_slots(tunnel, now, &next);
  check_dtls(tunnel, now, &next);
  return next.moment();
}

bool Liveness::check_idle(Tunnel& tunnel, int64_t now, Deadline* next) {
  const int64_t limit = tunnel.params.idle_timeout_ms;
  if (limit == 0) return true;
  if (now - tunnel.data_ms >= limit) {
    closer_->close(tunnel, TunnelEnd::kIdleTimeout, true);
    return false;
  }
  next->at(tunnel.data_ms + limit);
  return true;
}

/**
 * Silent for 2 dpd: asked; for 3 dpd: dead. Asked again every half dpd in between [oc 7.2]. Nobody
 * dies unasked: this thread may itself have been away (a stopped process, a machine's snapshot).
 */
bool Liveness::check_tls(Tunnel& tunnel, int64_t now, Deadline* next) {
  if (const int64_t dpd = tunnel.params.dpd_ms; dpd > 0) {
    const int64_t silent = now - tunnel.tls_rx_ms;
    const bool asked = tunnel.tls_dpd_ms > tunnel.tls_rx_ms;
    const bool answer_due = now - tunnel.tls_dpd_ms >= dpd / 2;
    if (silent >= 3 * dpd && asked && answer_due) {
      closer_->close(tunnel, TunnelEnd::kDpdTimeout, false);
      return false;
    }
    if (silent < 2 * dpd) {
      next->at(tunnel.tls_rx_ms + 2 * dpd);
    } else {
      if (answer_due) {
        tunnel.tls_dpd_ms = now;
        outbound_->send_control(tunnel, Channel::kTls, PacketType::kDpdRequest, {});
      }
      next->at(tunnel.tls_dpd_ms + dpd / 2);
    }
  }
  if (const int64_t keepalive = tunnel.params.keepalive_ms; keepalive > 0) {
    if (now - tunnel.tls_tx_ms >= keepalive) {
      outbound_->send_control(tunnel, Channel::kTls, PacketType::kKeepalive, {});
    }
    next->at(tunnel.tls_tx_ms + keepalive);
  }
  return true;
}

/** New keys for TLS 1.3 without a new tunnel [oc 7.3]. */
void Liveness::check_keys(Tunnel& tunnel, int64_t now, Deadline* next) {
  const int64_t every = tunnel.params.key_update_ms;
  if (every == 0) return;
  if (now - tunnel.keys_ms >= every) {
    tunnel.keys_ms = now;
    tunnel.tls().records().renew_keys();
    outbound_->touch(tunnel);
  }
  next->at(tunnel.keys_ms + every);
}

void Liveness::check_dtls(Tunnel& tunnel, int64_t now, Deadline* next) {
  if (!tunnel.sends_by_dtls() && !tunnel.dtls_silent) {
    // It may come up at any time and then wants to be watched.
    if (tunnel.params.has_dtls && tunnel.params.switch_to_tcp_ms > 0) {
      next->at(now + tunnel.params.switch_to_tcp_ms / 2);
    }
    return;
  }
  if (const int64_t dpd = tunnel.params.dpd_ms; dpd > 0) {
    const int64_t silent = now - tunnel.dtls_rx_ms;
    if (silent >= 3 * dpd) {
      tunnel.silence_dtls();
    } else {
      if (silent >= 2 * dpd) {
        if (now - tunnel.dtls_dpd_ms >= dpd / 2) send_dtls_dpd(tunnel, now);
        next->at(now + dpd / 2);
      }
      next->at(tunnel.dtls_rx_ms + (silent >= 2 * dpd ? 3 : 2) * dpd);
    }
  }
  probe_blocked_udp(tunnel, now, next);
  probe_path(tunnel, now, next);
  if (const int64_t keepalive = tunnel.params.keepalive_ms; keepalive > 0) {
    if (now - tunnel.dtls_tx_ms >= keepalive) {
      outbound_->send_control(tunnel, Channel::kDtls, PacketType::kKeepalive, {});
    }
    next->at(tunnel.dtls_tx_ms + keepalive);
  }
}

/**
 * switch_to_tcp: what is sent by UDP stays without any sign of life. At half the time the client
 * is asked, so that a one-way stream is no silence; a client that does not answer gets its data by
 * TLS, and UDP is asked now and then whether it is back.
 */
void Liveness::probe_blocked_udp(Tunnel& tunnel, int64_t now, Deadline* next) {
  const int64_t limit = tunnel.params.switch_to_tcp_ms;
  if (limit == 0) return;
  if (tunnel.dtls_silent) {
    if (now - tunnel.data_ms < kFlowingMs) {
      if (now - tunnel.dtls_dpd_ms >= kBlockedProbeMs) send_dtls_dpd(tunnel, now);
      next->at(now + kBlockedProbeMs);
    }
    return;
  }
  const int64_t silent = now - tunnel.dtls_rx_ms;
  if (!tunnel.dtls_unanswered) {
    next->at(now + limit / 2);
  } else if (silent >= limit) {
    tunnel.silence_dtls();
    next->at(now + kBlockedProbeMs);
  } else if (silent >= limit / 2) {
    if (now - tunnel.dtls_dpd_ms >= limit / 4) send_dtls_dpd(tunnel, now);
    next->at(now + limit / 4);
    next->at(tunnel.dtls_rx_ms + limit);
  } else {
    next->at(tunnel.dtls_rx_ms + limit / 2);
  }
}

/** A path that took less for a while may take full packets again: see path_mtu.h. */
void Liveness::probe_path(Tunnel& tunnel, int64_t now, Deadline* next) {
  PathLimit& limit = tunnel.path_limit;
  if (!limit.exists()) return;
  if (limit.left_ms(now) == 0) {
    limit.wait(now);
    limit.probed = true;
    outbound_->send_path_probe(tunnel);
  }
  next->at(now + limit.left_ms(now));
}

void Liveness::check_slots(Tunnel& tunnel, int64_t now, Deadline* next) {
  if (tunnel.pending) {
    if (now - tunnel.pending->started >= kHandshakeMs) {
      dtls_->drop_pending(tunnel);
    } else {
      next->at(tunnel.pending->started + kHandshakeMs);
    }
  }
  if (tunnel.previous.keys) {
    if (now >= tunnel.previous_until_ms) {
      dtls_->drop_previous(tunnel);
    } else {
      next->at(tunnel.previous_until_ms);
    }
  }
}

void Liveness::send_dtls_dpd(Tunnel& tunnel, int64_t now) {
  tunnel.dtls_dpd_ms = now;
  outbound_->send_control(tunnel, Channel::kDtls, PacketType::kDpdRequest, {});
}

}  // namespace wolfguard
