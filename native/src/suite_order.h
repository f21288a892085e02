// Which AEAD comes first where the server decides. AES-GCM is several times faster than
// ChaCha20-Poly1305 where the CPU has instructions for AES and carry-less multiplication, and
// several times slower where it has not. A client without them says so by putting ChaCha20 first,
// and is obeyed (SSL_OP_PRIORITIZE_CHACHA).
#pragma once

namespace wolfguard {

/** Does this CPU do AES and carry-less multiplication in hardware? */
bool has_aes_hardware();

/** Lists in OpenSSL's syntax, the most wanted suite first. */
struct SuiteOrder {
  const char* tls12;
  const char* tls13;
  /** For DTLS 1.2 with a pre-shared key [oc 8.2]. */
  const char* dtls_psk;
};

SuiteOrder suite_order(bool aes_hardware);

}  // namespace wolfguard
