// The UDP side of a session: its handshake, and the records after it.
#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "session_io.h"

namespace wolfguard::load {

namespace {

constexpr int64_t kTimeoutMs = 15'000;
/** Our first record may be lost: asked again until the server has answered by DTLS. */
constexpr int64_t kFirstAskMs = 1'000;
constexpr char kExporterLabel[] = "EXPORTER-openconnect-psk";

}  // namespace

void SessionIo::begin_dtls(Session& session, const TunnelTerms& terms) {
  Psk psk;
  if (SSL_export_keying_material(session.tls->ssl(), psk.data(), psk.size(), kExporterLabel,
                                 sizeof kExporterLabel - 1, nullptr, 0, 0) != 1) {
    end(session, "no exporter");
    return;
  }
  session.handshake = ClientHandshake::create(dtls_.get(), terms.app_id, psk);
  // The same source as TCP has, whichever that is.
  sockaddr_storage name{};
  socklen_t size = sizeof name;
  getsockname(session.tcp.get(), reinterpret_cast<sockaddr*>(&name), &size);
  const Address local = endpoint_from(name).address;
  size_t source = 0;
  for (size_t i = 0; i < options_.sources.size(); i++) {
    if (options_.sources[i] == local) source = i;
  }
  session.udp = open_socket(SOCK_DGRAM, source, terms.dtls_port);
  if (!session.handshake || !session.udp) {
    end(session, std::string("no UDP socket: ") + strerror(errno));
    return;
  }
  session.dtls_since_ms = now_;
  poller_->add(session.udp.get(), EPOLLIN, udp_tag(session.id));
  advance_handshake(session, session.handshake->start());
}

void SessionIo::advance_handshake(Session& session, ClientHandshake::Status status) {
  send_handshake_output(session);
  if (status == ClientHandshake::Status::kAgain) return;
  DtlsSecrets secrets;
  if (status == ClientHandshake::Status::kDone && session.handshake->take_secrets(&secrets)) {
    session.keys = DtlsKeys::create(secrets);
    OPENSSL_cleanse(&secrets, sizeof secrets);
  }
  if (!session.keys) {
    session.handshake.reset();
    bump(totals_->dtls_lost);
    return;
  }
  // The handshake stays, for its cipher's name, until the server has answered.
  session.dtls_rx_ms = now_;
  session.dtls_asked_ms = now_;
  send_control(session, Channel::kDtls, PacketType::kDpdRequest, nullptr, 0);
}

void SessionIo::send_handshake_output(Session& session) {
  for (const Bytes& datagram : session.handshake->output()) {
    // A lost datagram is repeated by OpenSSL's timer.
    [[maybe_unused]] const ssize_t n =
        ::send(session.udp.get(), datagram.data(), datagram.size(), MSG_DONTWAIT);
  }
  session.handshake->output().clear();
}

bool SessionIo::tick_handshake(Session& session) {
  if (!session.handshake || session.state != Session::State::kTunnel) return false;
  if (now_ - session.dtls_since_ms > kTimeoutMs) {
    session.handshake.reset();
    session.keys.reset();
    bump(totals_->dtls_lost);
    return false;
  }
  if (!session.keys) {
    session.handshake->on_tick();
    send_handshake_output(session);
  } else if (now_ - session.dtls_asked_ms >= kFirstAskMs) {
    session.dtls_asked_ms = now_;
    send_control(session, Channel::kDtls, PacketType::kDpdRequest, nullptr, 0);
  }
  return true;
}

void SessionIo::on_udp(Session& session) {
  int n = DatagramReader::kBatch;
  while (n == DatagramReader::kBatch && session.state == Session::State::kTunnel) {
    n = reader_.receive(session.udp.get());
    for (int i = 0; i < n; i++) {
      if (reader_.truncated(i)) continue;
      const size_t size = reader_.size(i), step = reader_.segment_size(i);
      for (size_t at = 0; at < size && session.state == Session::State::kTunnel; at += step) {
        on_datagram(session, reader_.data(i) + at, std::min(step, size - at));
      }
    }
    inside_->flush();  // the reader's buffer is about to be used again
  }
}

void SessionIo::on_datagram(Session& session, uint8_t* data, size_t size) {
  if (session.handshake && !session.keys) {
    advance_handshake(session, session.handshake->feed(data, size));
    return;
  }
  while (const auto header = parse_dtls_header(data, size)) {
    if (!session.keys) return;
    const bool wanted = header->epoch == 1 && header->type == ContentType::kApplicationData;
    if (const auto text = wanted ? session.keys->open(data, *header) : std::nullopt;
        text && !text->empty()) {
      session.dtls_rx_ms = now_;
      on_frame(session, Channel::kDtls, static_cast<PacketType>((*text)[0]), text->data() + 1,
               text->size() - 1);
    } else if (wanted) {
      bump(totals_->dropped_packets);
    }
    data += kDtlsHeaderSize + header->length;
    size -= kDtlsHeaderSize + header->length;
  }
}

}  // namespace wolfguard::load
