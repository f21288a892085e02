#include "tls_secrets.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>

namespace wolfguard {

namespace {

/**
 * HKDF-Expand-Label with an empty context [rfc8446 7.1]. Nothing that is asked for is longer than
 * the hash, so the expansion is its first block alone: one HMAC.
 */
bool expand_label(const EVP_MD* digest, const uint8_t* secret, std::string_view label, uint8_t* out,
                  size_t size) {
  static constexpr std::string_view kPrefix = "tls13 ";
  uint8_t info[2 + 1 + 32 + 1 + 1];
  uint8_t* at = info;
  store16(at, static_cast<uint16_t>(size));
  at[2] = static_cast<uint8_t>(kPrefix.size() + label.size());
  at += 3;
  at = std::copy(kPrefix.begin(), kPrefix.end(), at);
  at = std::copy(label.begin(), label.end(), at);
  *at++ = 0;  // the context's length
  *at++ = 1;  // the block's number
  uint8_t block[EVP_MAX_MD_SIZE];
  unsigned int block_size = 0;
  const bool made = HMAC(digest, secret, EVP_MD_get_size(digest), info,
                         static_cast<size_t>(at - info), block, &block_size) != nullptr &&
                    block_size >= size;
  if (made) memcpy(out, block, size);
  OPENSSL_cleanse(block, sizeof block);
  return made;
}

/** The TLS 1.2 key block [rfc5246 6.3]. */
bool derive_block(SSL* ssl, uint8_t* out, size_t size) {
  uint8_t master[48], client_random[32], server_random[32];
  const SSL_SESSION* session = SSL_get_session(ssl);
  const size_t master_size = SSL_SESSION_get_master_key(session, master, sizeof master);
  SSL_get_client_random(ssl, client_random, sizeof client_random);
  SSL_get_server_random(ssl, server_random, sizeof server_random);

  EVP_KDF* kdf = EVP_KDF_fetch(nullptr, "TLS1-PRF", nullptr);
  EVP_KDF_CTX* context = EVP_KDF_CTX_new(kdf);
  char label[] = "key expansion";
  const EVP_MD* md = SSL_CIPHER_get_handshake_digest(SSL_get_current_cipher(ssl));
  char* digest = const_cast<char*>(EVP_MD_get0_name(md));
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SECRET, master, master_size),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, label, sizeof label - 1),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, server_random, sizeof server_random),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, client_random, sizeof client_random),
      OSSL_PARAM_construct_end()};
  const bool derived = context != nullptr && EVP_KDF_derive(context, out, size, params) == 1;
  EVP_KDF_CTX_free(context);
  EVP_KDF_free(kdf);
  OPENSSL_cleanse(master, sizeof master);
  return derived;
}

}  // namespace

TlsSecrets::~TlsSecrets() {
  OPENSSL_cleanse(&read, sizeof read);
  OPENSSL_cleanse(&write, sizeof write);
}

bool derive_traffic_key(const EVP_MD* digest, AeadSuite suite, TlsDirection* direction) {
  return expand_label(digest, direction->secret.data(), "key", direction->key.data(),
                      aead_key_size(suite)) &&
         expand_label(digest, direction->secret.data(), "iv", direction->iv.data(),
                      direction->iv.size());
}

bool advance_traffic_key(const EVP_MD* digest, AeadSuite suite, TlsDirection* direction) {
  const auto size = static_cast<size_t>(EVP_MD_get_size(digest));
  if (!expand_label(digest, direction->secret.data(), "traffic upd", direction->secret.data(),
                    size)) {
    return false;
  }
  direction->sequence = 0;
  return derive_traffic_key(digest, suite, direction);
}

bool derive_key_block(SSL* ssl, AeadSuite suite, TlsDirection* client, TlsDirection* server) {
  const size_t key_size = aead_key_size(suite);
  // GCM keeps 4 bytes of salt and sends the rest [rfc5288 3]; ChaCha20 keeps all 12 [rfc7905 2].
  const size_t iv_size = suite == AeadSuite::kChaCha20Poly1305 ? kAeadNonceSize : 4;
  uint8_t block[2 * (kMaxAeadKeySize + kAeadNonceSize)];
  if (!derive_block(ssl, block, 2 * (key_size + iv_size))) return false;
  const uint8_t* at = block;
  memcpy(client->key.data(), at, key_size);
  memcpy(server->key.data(), at += key_size, key_size);
  memcpy(client->iv.data(), at += key_size, iv_size);
  memcpy(server->iv.data(), at += iv_size, iv_size);
  OPENSSL_cleanse(block, sizeof block);
  return true;
}

}  // namespace wolfguard
