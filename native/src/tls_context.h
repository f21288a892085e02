// The TLS settings that new connections get: certificates, versions, groups, ciphers, whom clients'
// certificates must come from; for each server name its own. Swapped as a whole; connections that
// are up keep those they began with.
//
//   ClientHello ──SNI──► a host of that name, else the main one ──► all that follows is the host's
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "bytes.h"
#include "suite_order.h"

namespace wolfguard {

struct TlsKeyPair {
  /** The leaf first. */
  std::string chain_pem;
  std::string private_key_pem;
};

/** One host's; TlsSettings in core/ipc/messages.ts. */
struct TlsOptions {
  /** Lower case; "" = the main server. */
  std::string name;
  /** Never empty; of each kind of key at most one. */
  std::vector<TlsKeyPair> certificates;
  /** DER, stapled with the first certificate; empty = none. */
  Bytes ocsp_response;
  /** "" = clients are not asked for a certificate. */
  std::string client_ca_pem;
  /** "" = nothing is revoked. */
  std::string client_crl_pem;
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

/**
 * The context of the first host, which chooses among all of them when a client says hello; it keeps
 * the others. nullptr with `error` set to a sentence: one of them is unusable.
 */
SslContext create_tls_context(std::span<const TlsOptions> hosts, std::string* error);

/** The name of the host that `ssl` was given; "" before the ClientHello and for the main server. */
const std::string& host_of(const SSL* ssl);

}  // namespace wolfguard
