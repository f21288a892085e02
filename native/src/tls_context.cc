#include "tls_context.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <cstring>

#include "tls_tap.h"

namespace wolfguard {

namespace {

struct BioDeleter {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using BioPtr = std::unique_ptr<BIO, BioDeleter>;

BioPtr memory_bio(const std::string& text) {
  return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

/** No key here has a pass phrase; without this OpenSSL would ask on the terminal. */
int no_passphrase(char*, int, int, void*) { return -1; }

bool use_certificates(SSL_CTX* context, const std::string& pem) {
  const BioPtr bio = memory_bio(pem);
  for (bool leaf = true;; leaf = false) {
    X509* certificate = PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr);
    if (certificate == nullptr) {
      if (leaf) return false;
      ERR_clear_error();  // the end of the file
      return true;
    }
    const bool used = leaf ? SSL_CTX_use_certificate(context, certificate) == 1
                           : SSL_CTX_add1_chain_cert(context, certificate) == 1;
    X509_free(certificate);
    if (!used) return false;
  }
}

bool use_private_key(SSL_CTX* context, const std::string& pem) {
  const BioPtr bio = memory_bio(pem);
  EVP_PKEY* key = PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr);
  if (key == nullptr) return false;
  const bool used =
      SSL_CTX_use_PrivateKey(context, key) == 1 && SSL_CTX_check_private_key(context) == 1;
  EVP_PKEY_free(key);
  return used;
}

/** We speak HTTP/1.1 only; a client that offers nothing of ours goes on without ALPN. */
int select_alpn(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
                unsigned int in_size, void*) {
  static constexpr char kHttp11[] = "http/1.1";
  constexpr size_t kSize = sizeof kHttp11 - 1;
  for (unsigned int i = 0; i < in_size && i + 1 + in[i] <= in_size; i += 1u + in[i]) {
    if (in[i] == kSize && memcmp(in + i + 1, kHttp11, kSize) == 0) {
      *out = in + i + 1;
      *out_size = kSize;
      return SSL_TLSEXT_ERR_OK;
    }
  }
  return SSL_TLSEXT_ERR_NOACK;
}

}  // namespace

std::string take_openssl_error() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return "unknown OpenSSL error";
  char text[256];
  ERR_error_string_n(code, text, sizeof text);
  return text;
}

SslContext create_tls_context(const TlsOptions& options, std::string* error) {
  ERR_clear_error();
  SslContext context(SSL_CTX_new(TLS_server_method()));
  const auto fail = [&](const char* what) {
    *error = std::string(what) + ": " + take_openssl_error();
    return SslContext();
  };
  if (!context) return fail("TLS");
  SSL_CTX* ctx = context.get();
  if (!use_certificates(ctx, options.certificate_chain_pem)) return fail("tls.certificate");
  if (!use_private_key(ctx, options.private_key_pem)) return fail("tls.private_key");
  if (SSL_CTX_set_min_proto_version(ctx, options.min_version) != 1) return fail("tls.min_version");
  if (!options.groups.empty() && SSL_CTX_set1_groups_list(ctx, options.groups.c_str()) != 1) {
    return fail("tls.groups");
  }
  const SuiteOrder order = suite_order(options.aes_hardware);
  const char* ciphers = options.ciphers.empty() ? order.tls12 : options.ciphers.c_str();
  if (SSL_CTX_set_cipher_list(ctx, ciphers) != 1) return fail("tls.ciphers");
  if (SSL_CTX_set_ciphersuites(ctx, order.tls13) != 1) return fail("TLS 1.3 ciphers");

  // Workers share a port and no ticket keys: a ticket would mostly reach another worker.
  SSL_CTX_set_options(ctx, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA |
                               SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                               SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_num_tickets(ctx, 0);
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
  // A login that waits keeps no record buffers: 20 KiB instead of 54. A tunnel keeps no SSL.
  SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_alpn_select_cb(ctx, select_alpn, nullptr);
  TlsTap::install(ctx);
  return context;
}

}  // namespace wolfguard
