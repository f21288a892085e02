// Certificates of clients: asked for, never demanded. TLS proves that the client has the key; what
// the authorities and revocation lists say about the certificate goes to JavaScript with it, and
// whether somebody may log in without a sound one is decided there.
#pragma once

#include <openssl/ssl.h>

#include <optional>
#include <string>

#include "bytes.h"

namespace wolfguard {

struct ClientCertificate {
  /** The leaf. */
  Bytes der;
  /** OpenSSL's words; "" = it is sound. */
  std::string error;
};

/**
 * Connections of `context` ask for a certificate of these authorities. false with a sentence in
 * `error`: one of the PEM texts is unusable.
 */
bool ask_for_certificate(SSL_CTX* context, const std::string& ca_pem, const std::string& crl_pem,
                         std::string* error);

/** After the handshake; nullopt: none was asked for, or the client has none. */
std::optional<ClientCertificate> client_certificate_of(const SSL* ssl);

}  // namespace wolfguard
