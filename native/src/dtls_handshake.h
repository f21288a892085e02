// A DTLS 1.2 handshake by OpenSSL over datagrams in memory, and the keys taken out of it when it
// is done. Both kinds [oc 8.2, 8.3]: a full one with a pre-shared key, and Cisco's resumption of a
// session that never was. Nothing here waits for a timer: when the client shows that it lacks our
// last flight, the caller sends it again.
#pragma once

#include <openssl/ssl.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "bytes.h"
#include "datagram_bio.h"
#include "dtls_hello.h"
#include "dtls_record.h"
#include "tls_context.h"
#include "tls_stream.h"

namespace wolfguard {

/** Datagrams in the order they were sent. */
using Flight = std::vector<Bytes>;

/** The two OpenSSL contexts of an engine. */
struct DtlsContexts {
  SslContext psk, legacy;

  /** false with a sentence in `error`. */
  bool open(std::string* error, bool aes_hardware = has_aes_hardware());
};

struct DtlsCredentials {
  bool legacy = false;
  std::array<uint8_t, 32> psk{};
  std::array<uint8_t, 48> master_secret{};
  /** IANA's number of the suite of the session that never was. */
  uint16_t suite = 0;
};

class DtlsHandshake final : private DatagramBio {
 public:
  enum class Status { kAgain, kDone, kFailed };

  /** `cookie` is the one that the hello about to be fed bears; it has been verified. */
  static std::unique_ptr<DtlsHandshake> create(const DtlsContexts& contexts,
                                               const DtlsCredentials& credentials,
                                               const HelloCookie& cookie);
  ~DtlsHandshake();

  /** One datagram. What is to be sent in answer is flight() when it has changed: see answered(). */
  Status feed(const uint8_t* datagram, size_t size);
  /** The last feed produced a new flight. */
  bool answered() const { return answered_; }
  const Flight& flight() const { return flight_; }
  /**
   * The last flight as new records, if the client has had time to answer it: see answered(). A
   * client that got a record too early to use it takes the same bytes for a replay.
   */
  void repeat();

  /** After kDone, once. */
  bool take_secrets(DtlsSecrets* secrets);
  /** OpenSSL's name of the cipher suite, a static string. */
  const char* cipher_name() const;

 private:
  DtlsHandshake() = default;
  friend struct DtlsContexts;
  static unsigned int give_psk(SSL* ssl, const char* identity, unsigned char* psk,
                               unsigned int max_size);
  static SSL_SESSION* give_session(SSL* ssl, const unsigned char* id, int id_size, int* copy);
  static int make_cookie(SSL* ssl, unsigned char* cookie, unsigned int* size);
  static int verify_cookie(SSL* ssl, const unsigned char* cookie, unsigned int size);
  void on_output(const uint8_t* datagram, size_t size) override;

  SslPtr ssl_;
  DtlsCredentials credentials_;
  HelloCookie cookie_{};
  bool listened_ = false;
  bool answered_ = false;
  Flight flight_;
};

}  // namespace wolfguard
