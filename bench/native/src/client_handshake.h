// The client's side of the DTLS 1.2 handshake with a pre-shared key [oc 8.2], by OpenSSL over
// datagrams in memory; the keys are taken out when it is done and the 120 KiB of OpenSSL go.
//
// The App-ID must stand in the session id of the ClientHello. OpenSSL has no setting for that, but
// offers the id of a session that it is given to resume: so it gets one that never was, with that
// id. The server answers with an id of its own, and a full handshake takes place.
#pragma once

#include <openssl/ssl.h>

#include <array>
#include <memory>
#include <vector>

#include "bytes.h"
#include "datagram_bio.h"
#include "dtls_record.h"
#include "tls_stream.h"

namespace wolfguard::load {

using AppId = std::array<uint8_t, 32>;
using Psk = std::array<uint8_t, 32>;

struct ContextDeleter {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using ClientContext = std::unique_ptr<SSL_CTX, ContextDeleter>;

/** nullptr when OpenSSL refuses the cipher list. */
ClientContext create_dtls_client_context(const char* ciphers);

class ClientHandshake final : private DatagramBio {
 public:
  enum class Status { kAgain, kDone, kFailed };

  /** nullptr when OpenSSL is out of memory. `context` outlives it. */
  static std::unique_ptr<ClientHandshake> create(SSL_CTX* context, const AppId& app_id,
                                                 const Psk& psk);
  ~ClientHandshake();

  /** The first step; afterwards output() holds the ClientHello. */
  Status start() { return advance(); }
  /** One datagram of the server. */
  Status feed(const uint8_t* datagram, size_t size);
  /** Repeats the last flight if OpenSSL's timer says so. */
  void on_tick();

  /** Datagrams to be sent now, in order; the caller clears it. */
  std::vector<Bytes>& output() { return output_; }

  /** After kDone, once: the write key is the client's. */
  bool take_secrets(DtlsSecrets* secrets) const;
  /** OpenSSL's name of the suite, a static string. */
  const char* cipher_name() const;

 private:
  ClientHandshake() = default;
  Status advance();
  void on_output(const uint8_t* datagram, size_t size) override;
  static unsigned int give_psk(SSL* ssl, const char* hint, char* identity,
                               unsigned int max_identity, unsigned char* psk, unsigned int max_psk);
  friend ClientContext create_dtls_client_context(const char* ciphers);

  SslPtr ssl_;
  Psk psk_{};
  std::vector<Bytes> output_;
};

}  // namespace wolfguard::load
