// The TLS settings that new connections get: certificate, versions, groups, ciphers. Swapped as a
// whole; connections that are up keep the one they began with.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "suite_order.h"

namespace wolfguard {

struct TlsOptions {
  std::string certificate_chain_pem;
  std::string private_key_pem;
  /** TLS1_2_VERSION or TLS1_3_VERSION. */
  int min_version = TLS1_2_VERSION;
  /** OpenSSL group list; "" = OpenSSL's own. */
  std::string groups;
  /** OpenSSL TLS 1.2 cipher list; "" = ours. */
  std::string ciphers;
  /** Decides what comes first in our own lists. */
  bool aes_hardware = has_aes_hardware();
};

struct SslContextDeleter {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using SslContext = std::unique_ptr<SSL_CTX, SslContextDeleter>;

/** nullptr with `error` set to a sentence. */
SslContext create_tls_context(const TlsOptions& options, std::string* error);

/** OpenSSL's own words for the oldest error of this thread; empties its queue. */
std::string take_openssl_error();

}  // namespace wolfguard
