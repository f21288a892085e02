// How a session ends, and what time does to it.
#include <sys/socket.h>

#include "session_io.h"

namespace wolfguard::load {

namespace {

constexpr int64_t kLoginTimeoutMs = 60'000, kLeaveTimeoutMs = 3'000;

}  // namespace

void SessionIo::leave(Session& session, bool with_goodbye) {
  if (!with_goodbye || session.state != Session::State::kTunnel) {
    end(session, "left");
    return;
  }
  const uint8_t goodbye[] = {static_cast<uint8_t>(DisconnectReason::kUserLogout), 'b', 'y', 'e'};
  send_control(session, Channel::kTls, PacketType::kDisconnect, goodbye, sizeof goodbye);
  session.state = Session::State::kLeaving;
  session.since_ms = now_;
  bump(totals_->sessions, static_cast<uint64_t>(-1));
  if (session.dtls_up) bump(totals_->dtls, static_cast<uint64_t>(-1));
  session.dtls_up = false;
}

void SessionIo::end(Session& session, std::string how) {
  if (session.state == Session::State::kDead) return;
  if (session.state == Session::State::kTunnel) {
    bump(totals_->sessions, static_cast<uint64_t>(-1));
    if (session.dtls_up) bump(totals_->dtls, static_cast<uint64_t>(-1));
  }
  // Thousands of connections in TIME_WAIT would use up the ports of a login storm.
  const linger at_once{1, 0};
  if (session.state == Session::State::kLeaving && session.tcp) {
    setsockopt(session.tcp.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  }
  session.state = Session::State::kDead;
  session.tcp.reset();
  session.udp.reset();
  on_event_({Event::Type::kClosed, session.id, std::move(how), {}});
}

/** As the stock client does: asks after dpd seconds of silence, gives up after twice that. */
int64_t SessionIo::check(Session& session) {
  constexpr int64_t kHorizonMs = 30'000;
  if (session.state == Session::State::kLeaving) {
    if (now_ - session.since_ms >= kLeaveTimeoutMs) end(session, "logout unanswered");
    return session.since_ms + kLeaveTimeoutMs;
  }
  if (session.state != Session::State::kTunnel) {
    if (now_ - session.since_ms >= kLoginTimeoutMs) end(session, "login timed out");
    return session.since_ms + kLoginTimeoutMs;
  }
  int64_t next = now_ + kHorizonMs;
  if (const int64_t dpd = session.dpd_ms; dpd > 0) {
    if (now_ - session.tls_rx_ms >= 2 * dpd + dpd / 2) {
      end(session, "dead peer");
      return next;
    }
    if (now_ - session.tls_rx_ms >= dpd && now_ - session.tls_asked_ms >= dpd / 2) {
      session.tls_asked_ms = now_;
      bump(totals_->dpd_asked);
      send_control(session, Channel::kTls, PacketType::kDpdRequest, nullptr, 0);
    }
    if (session.dtls_up && now_ - session.dtls_rx_ms >= 2 * dpd + dpd / 2) {
      session.dtls_up = false;
      bump(totals_->dtls, static_cast<uint64_t>(-1));
      bump(totals_->dtls_lost);
    } else if (session.dtls_up && now_ - session.dtls_rx_ms >= dpd &&
               now_ - session.dtls_asked_ms >= dpd / 2) {
      session.dtls_asked_ms = now_;
      bump(totals_->dpd_asked);
      send_control(session, Channel::kDtls, PacketType::kDpdRequest, nullptr, 0);
    }
    next = std::min(next, now_ + dpd / 2);
  }
  if (const int64_t keepalive = session.keepalive_ms; keepalive > 0) {
    if (now_ - session.tls_tx_ms >= keepalive) {
      send_control(session, Channel::kTls, PacketType::kKeepalive, nullptr, 0);
    }
    if (session.dtls_up && now_ - session.dtls_tx_ms >= keepalive) {
      send_control(session, Channel::kDtls, PacketType::kKeepalive, nullptr, 0);
    }
    next = std::min(next, now_ + keepalive);
  }
  return next;
}

}  // namespace wolfguard::load
