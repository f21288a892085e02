#include "session_io.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "http_answer.h"

namespace wolfguard::load {

namespace {

constexpr size_t kMaxText = 16384;
constexpr size_t kReceiveSize = 128 << 10;
constexpr size_t kDatagramSize = 16384 + 128;
/** What UDP_GRO joins is at most one IP packet. */
constexpr size_t kMaxDatagramTrain = 65536;
/** Encrypted bytes that may wait for TCP before data is dropped, as a socket buffer would. */
constexpr size_t kMaxTlsBacklog = 512 << 10;

}  // namespace

SessionIo::SessionIo(const LoadOptions& options, Poller* poller, Inside* inside, Totals* totals,
                     OnEvent on_event)
    : options_(options),
      poller_(poller),
      inside_(inside),
      totals_(totals),
      on_event_(std::move(on_event)),
      sender_(kDatagramSize, options.udp_segmentation),
      reader_(options.udp_joining ? kMaxDatagramTrain : kDatagramSize),
      received_(kReceiveSize),
      text_(kReceiveSize + kMaxText) {}

bool SessionIo::open() {
  tls_.reset(SSL_CTX_new(TLS_client_method()));
  dtls_ = create_dtls_client_context(options_.dtls_ciphers.c_str());
  if (!tls_ || !dtls_) return false;
  // Who the server is does not matter here: it is ours, in a namespace.
  SSL_CTX_set_verify(tls_.get(), SSL_VERIFY_NONE, nullptr);
  SSL_CTX_set_mode(tls_.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_session_cache_mode(tls_.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_options(tls_.get(), SSL_OP_IGNORE_UNEXPECTED_EOF);
  return SSL_CTX_set_min_proto_version(tls_.get(), TLS1_2_VERSION) == 1 &&
         SSL_CTX_set1_groups_list(tls_.get(), options_.groups.c_str()) == 1;
}

// ─── 1, 2: the login ──────────────────────────────────────────────────────────────────────────

Fd SessionIo::open_socket(int type, size_t source, uint16_t port) {
  const int family = is_mapped_ipv4(options_.server.address) ? AF_INET : AF_INET6;
  Fd fd(socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return fd;
  sockaddr_storage name;
  if (!options_.sources.empty()) {
    const int one = 1;
    // The port is chosen at connect: each source has all ports for each destination.
    setsockopt(fd.get(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    const Endpoint local{options_.sources[source % options_.sources.size()], 0};
    const socklen_t size = endpoint_to(local, family, &name);
    if (bind(fd.get(), reinterpret_cast<sockaddr*>(&name), size) != 0) return Fd();
  }
  if (type == SOCK_DGRAM) {
    const int one = 1, bytes = options_.socket_buffer_bytes;
    if (options_.udp_joining) setsockopt(fd.get(), IPPROTO_UDP, UDP_GRO, &one, sizeof one);
    if (bytes > 0) {
      setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes);
      setsockopt(fd.get(), SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof bytes);
    }
  } else {
    const int one = 1;
    setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  }
  const socklen_t size = endpoint_to({options_.server.address, port}, family, &name);
  if (connect(fd.get(), reinterpret_cast<sockaddr*>(&name), size) != 0 && errno != EINPROGRESS) {
    return Fd();
  }
  return fd;
}

void SessionIo::start(Session& session, size_t source, std::string request) {
  session.since_ms = now_;
  session.first_request = std::move(request);
  session.tls = TlsStream::create(tls_.get());
  session.tcp = open_socket(SOCK_STREAM, source, options_.server.port);
  if (!session.tls || !session.tcp) {
    end(session, std::string("no connection: ") + strerror(errno));
    return;
  }
  SSL_set_connect_state(session.tls->ssl());
  poller_->add(session.tcp.get(), EPOLLOUT, tcp_tag(session.id));
}

void SessionIo::send(Session& session, const std::string& request, bool connect) {
  if (session.state != Session::State::kLogin) return;
  session.asked_connect = connect;
  if (!session.tls->write(reinterpret_cast<const uint8_t*>(request.data()), request.size())) {
    end(session, "TLS write");
    return;
  }
  touch(session);
}

void SessionIo::on_connected(Session& session) {
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(session.tcp.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) {
    end(session, "TCP connection refused");
    return;
  }
  session.state = Session::State::kHandshake;
  poller_->modify(session.tcp.get(), EPOLLIN, tcp_tag(session.id));
  session.tls->handshake();
  touch(session);
}

void SessionIo::on_login_text(Session& session, const uint8_t* text, size_t size) {
  session.heard.append(reinterpret_cast<const char*>(text), size);
  if (session.state != Session::State::kLogin) return;
  const auto answer = whole_answer_size(session.heard, session.asked_connect);
  if (!answer) {
    if (session.heard.size() > kMaxAnswer) end(session, "endless answer");
    return;
  }
  if (session.asked_connect) session.state = Session::State::kConnected;
  on_event_({Event::Type::kReply, session.id, session.heard.substr(0, *answer), {}});
  session.heard.erase(0, *answer);
}

// ─── 3: the tunnel opens ──────────────────────────────────────────────────────────────────────

void SessionIo::open_tunnel(Session& session, const TunnelTerms& terms) {
  session.state = Session::State::kTunnel;
  session.has_inside4 = terms.has_inside4;
  session.has_inside6 = terms.has_inside6;
  session.inside4 = terms.inside4;
  session.inside6 = terms.inside6;
  session.mtu = terms.mtu;
  session.dpd_ms = terms.dpd_ms;
  session.keepalive_ms = terms.keepalive_ms;
  session.tls_rx_ms = session.tls_tx_ms = now_;
  bump(totals_->sessions);
  if (terms.has_dtls) begin_dtls(session, terms);
  if (session.state == Session::State::kDead) return;
  std::string early = std::exchange(session.heard, {});
  if (!early.empty()) {
    on_text(session, reinterpret_cast<uint8_t*>(early.data()), early.size());
    inside_->flush();
  }
}

// ─── 4: from the server ───────────────────────────────────────────────────────────────────────

void SessionIo::on_tcp(Session& session, uint32_t events) {
  if (session.state == Session::State::kConnecting) {
    on_connected(session);
    return;
  }
  if (events & EPOLLOUT) touch(session);
  if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) receive_tls(session);
  inside_->flush();
  text_used_ = 0;
}

void SessionIo::receive_tls(Session& session) {
  const ssize_t n = recv(session.tcp.get(), received_.data(), received_.size(), 0);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n <= 0) {
    end(session, session.state == Session::State::kLeaving ? "logout" : "closed by the server");
    return;
  }
  session.tls_rx_ms = now_;
  if (session.state == Session::State::kLeaving) return;
  TlsStream& tls = *session.tls;
  tls.feed(received_.data(), static_cast<size_t>(n));
  if (session.state == Session::State::kHandshake) {
    const TlsStream::Status status = tls.handshake();
    if (status == TlsStream::Status::kFailed) {
      end(session, "TLS handshake");
      return;
    }
    touch(session);
    if (status != TlsStream::Status::kDone) return;
    session.state = Session::State::kLogin;
    send(session, session.first_request, false);
    std::string().swap(session.first_request);
  }
  for (;;) {
    if (text_used_ + kMaxText > text_.size()) {
      inside_->flush();
      text_used_ = 0;
    }
    size_t got = 0;
    switch (tls.read(text_.data() + text_used_, kMaxText, &got)) {
      case TlsStream::Status::kDone:
        on_text(session, text_.data() + text_used_, got);
        if (session.state == Session::State::kDead) return;
        text_used_ += got;
        break;
      case TlsStream::Status::kAgain:
        if (tls.pending_output() > 0) touch(session);
        return;
      case TlsStream::Status::kClosed:
        end(session, "closed by the server");
        return;
      case TlsStream::Status::kFailed:
        end(session, "TLS read");
        return;
    }
  }
}

void SessionIo::on_text(Session& session, uint8_t* text, size_t size) {
  if (session.state != Session::State::kTunnel) {
    on_login_text(session, text, size);
    return;
  }
  // A frame put together of parts lies in the reader, which is about to be used again.
  if (!session.reader.empty()) inside_->flush();
  const bool sound =
      session.reader.feed(text, size, [&](PacketType type, uint8_t* payload, size_t payload_size) {
        on_frame(session, Channel::kTls, type, payload, payload_size);
        return session.state == Session::State::kTunnel;
      });
  if (!sound && session.state == Session::State::kTunnel) end(session, "no CSTP");
}

void SessionIo::on_frame(Session& session, Channel channel, PacketType type, uint8_t* payload,
                         size_t size) {
  switch (type) {
    case PacketType::kData:
      inside_->take(payload, size);
      return;
    case PacketType::kDpdRequest:
      bump(totals_->dpd_answered);
      send_control(session, channel, PacketType::kDpdResponse, payload, size);
      return;
    case PacketType::kDpdResponse:
      if (channel == Channel::kDtls && !session.dtls_up) {
        session.dtls_up = true;
        bump(totals_->dtls);
        on_event_({Event::Type::kDtls, session.id, session.handshake->cipher_name(), {}});
        session.handshake.reset();  // 120 KiB
      }
      return;
    case PacketType::kDisconnect:
    case PacketType::kTerminate:
      end(session, "disconnected by the server");
      return;
    case PacketType::kKeepalive:
    case PacketType::kCompressed:
      return;
  }
}

// ─── 5: to the server ─────────────────────────────────────────────────────────────────────────

void SessionIo::send_data(Session& session, uint8_t* packet, size_t size) {
  bool sent = size <= session.mtu;
  if (sent && session.dtls_up) {
    packet[-1] = static_cast<uint8_t>(PacketType::kData);
    sent = seal(session, packet - 1, size + 1);
  } else if (sent) {
    encode_cstp_header(packet - kCstpHeaderSize, PacketType::kData, size);
    sent = session.tls->pending_output() <= kMaxTlsBacklog &&
           session.tls->write(packet - kCstpHeaderSize, size + kCstpHeaderSize);
    if (sent) touch(session);
    session.tls_tx_ms = now_;
  }
  if (!sent) {
    bump(totals_->dropped_packets);
    return;
  }
  bump(totals_->tx_packets);
  bump(totals_->tx_bytes, size);
}

bool SessionIo::seal(Session& session, const uint8_t* text, size_t size) {
  if (!session.keys || size + kMaxDtlsOverhead > kDatagramSize) return false;
  const size_t sealed =
      session.keys->seal(ContentType::kApplicationData, text, size, sender_.slot());
  if (sealed == 0) return false;
  sender_.commit(session.udp.get(), sealed);
  session.dtls_tx_ms = now_;
  return true;
}

void SessionIo::send_control(Session& session, Channel channel, PacketType type,
                             const uint8_t* payload, size_t size) {
  uint8_t frame[kCstpHeaderSize + kMaxCstpPayload];
  if (size > kMaxCstpPayload) return;
  if (size > 0) memcpy(frame + kCstpHeaderSize, payload, size);
  if (channel == Channel::kDtls) {
    frame[kCstpHeaderSize - 1] = static_cast<uint8_t>(type);
    seal(session, frame + kCstpHeaderSize - 1, size + 1);
    return;
  }
  encode_cstp_header(frame, type, size);
  session.tls->write(frame, kCstpHeaderSize + size);
  session.tls_tx_ms = now_;
  touch(session);
}

void SessionIo::touch(Session& session) {
  if (session.touched) return;
  session.touched = true;
  touched_.push_back(&session);
}

void SessionIo::flush() {
  if (const uint64_t lost = sender_.flush()) bump(totals_->dropped_packets, lost);
  for (size_t i = 0; i < touched_.size(); i++) {
    Session& session = *touched_[i];
    session.touched = false;
    if (session.state == Session::State::kDead) continue;
    if (!session.tls->flush(session.tcp.get())) {
      end(session, "TCP send");
      continue;
    }
    const bool waits = session.tls->pending_output() > 0;
    if (waits != session.waits_for_room) {
      session.waits_for_room = waits;
      poller_->modify(session.tcp.get(), EPOLLIN | (waits ? EPOLLOUT : 0u), tcp_tag(session.id));
    }
  }
  touched_.clear();
}

}  // namespace wolfguard::load
