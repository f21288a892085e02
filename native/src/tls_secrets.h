// The keys of an established TLS connection, outside OpenSSL: what both directions need to go on.
#pragma once

#include <openssl/ssl.h>

#include <array>

#include "aead.h"

namespace wolfguard {

/** The size of SHA-384, the largest hash of the suites that we know. */
inline constexpr size_t kMaxTlsSecretSize = 48;

/** One direction. The secret is TLS 1.3's traffic secret, of which the key and IV are made. */
struct TlsDirection {
  std::array<uint8_t, kMaxTlsSecretSize> secret{};
  std::array<uint8_t, kMaxAeadKeySize> key{};
  AeadNonce iv{};
  /** Number of the next record. */
  uint64_t sequence = 0;
};

struct TlsSecrets {
  TlsSecrets() = default;
  TlsSecrets(const TlsSecrets&) = default;
  TlsSecrets& operator=(const TlsSecrets&) = default;
  ~TlsSecrets();

  bool tls13 = false;
  AeadSuite suite = AeadSuite::kAes256Gcm;
  /** TLS 1.3: the hash of the suite. */
  const EVP_MD* digest = nullptr;
  TlsDirection read, write;
};

/** TLS 1.3: makes key and IV of the direction's secret [rfc8446 7.3]. */
bool derive_traffic_key(const EVP_MD* digest, AeadSuite suite, TlsDirection* direction);
/** TLS 1.3, after a KeyUpdate: the next secret, its key and IV, number 0 [rfc8446 7.2]. */
bool advance_traffic_key(const EVP_MD* digest, AeadSuite suite, TlsDirection* direction);

/** TLS 1.2 and DTLS 1.2: keys and IVs of both directions from the finished handshake of `ssl`. */
bool derive_key_block(SSL* ssl, AeadSuite suite, TlsDirection* client, TlsDirection* server);

}  // namespace wolfguard
