// A session of the load client: one TCP connection with its login, and one UDP socket of its own.
#pragma once

#include <memory>
#include <string>

#include "client_handshake.h"
#include "cstp.h"
#include "endpoint.h"
#include "fd.h"

namespace wolfguard::load {

using SessionId = uint64_t;

struct Session {
  enum class State {
    kConnecting,
    kHandshake,
    /** Requests and answers; JavaScript writes the former and reads the latter. */
    kLogin,
    /** CONNECT has been answered; what follows waits until JavaScript has read the answer. */
    kConnected,
    kTunnel,
    /** The goodbye has been sent; the server is to close. */
    kLeaving,
    /** Freed at the end of this wake-up. */
    kDead,
  };

  SessionId id = 0;
  State state = State::kConnecting;
  Fd tcp, udp;
  std::unique_ptr<TlsStream> tls;
  /** Sent as soon as TLS is up. */
  std::string first_request;
  bool asked_connect = false;
  /** Plaintext of the login that is no whole answer yet, or what came behind CONNECT's. */
  std::string heard;

  bool has_inside4 = false, has_inside6 = false;
  Address inside4{}, inside6{};
  size_t mtu = 0;
  /** 0 = off. */
  int64_t dpd_ms = 0, keepalive_ms = 0;

  CstpReader reader;
  /** Gone once its keys are out. */
  std::unique_ptr<ClientHandshake> handshake;
  std::unique_ptr<DtlsKeys> keys;
  /** The server has answered by DTLS: data goes there. */
  bool dtls_up = false;

  /** When this state, or the DTLS handshake, began. */
  int64_t since_ms = 0, dtls_since_ms = 0;
  int64_t tls_rx_ms = 0, tls_tx_ms = 0, tls_asked_ms = 0;
  int64_t dtls_rx_ms = 0, dtls_tx_ms = 0, dtls_asked_ms = 0;

  /** In the list of those whose TLS output leaves at the end of this wake-up. */
  bool touched = false;
  bool waits_for_room = false;
};

}  // namespace wolfguard::load
