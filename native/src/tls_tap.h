// Listens to a TLS connection while OpenSSL has it, for what its records need when we take them
// over: TLS 1.3's traffic secrets, and how many records each direction has sealed with its keys.
//
// OpenSSL gives neither away afterwards. The secrets come by the key log callback, in memory only;
// they are as old as the connection's own copy of them and are wiped with it.
#pragma once

#include <openssl/ssl.h>

#include <optional>

#include "tls_secrets.h"

namespace wolfguard {

class TlsTap {
 public:
  /** Once a context: its connections may be tapped. */
  static void install(SSL_CTX* context);

  TlsTap() = default;
  TlsTap(const TlsTap&) = delete;
  TlsTap& operator=(const TlsTap&) = delete;
  ~TlsTap();

  /** Before its handshake, for its whole life. */
  void attach(SSL* ssl);

  /**
   * The keys of a connection that is between two records. nullopt: a version, suite or option
   * whose records we do not do; OpenSSL must go on.
   */
  std::optional<TlsSecrets> secrets_of(SSL* ssl) const;

 private:
  struct Direction {
    std::array<uint8_t, kMaxTlsSecretSize> secret{};
    size_t secret_size = 0;
    /** Since these keys are in use. */
    uint64_t records = 0;
  };

  static void on_key_log(const SSL* ssl, const char* line);
  static void on_message(int written, int version, int type, const void* bytes, size_t size,
                         SSL* ssl, void* tap);
  static TlsDirection direction_of(const Direction& heard);

  Direction read_, write_;
  /** OpenSSL does not tell the secret that follows. */
  bool updated_ = false;
};

}  // namespace wolfguard
