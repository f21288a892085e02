#include "dtls_handshake.h"

#include <openssl/err.h>

#include "openssl_pem.h"
#include "tls_secrets.h"

namespace wolfguard {

namespace {

/** Those that a forged session may carry; no keys are exchanged in a resumption [oc 8.3]. */
constexpr const char* kLegacyCiphers =
    "AES256-GCM-SHA384:AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256:"
    "PSK-CHACHA20-POLY1305:@SECLEVEL=0";
/** A flight is not repeated as new records before; half of what clients wait at first. */
constexpr unsigned int kRepeatUs = 115'000;  // OpenSSL takes it for over 15 ms early

unsigned int repeat_after(SSL*, unsigned int) { return kRepeatUs; }

SslContext dtls_context(const char* ciphers) {
  SslContext context(SSL_CTX_new(DTLS_server_method()));
  if (!context) return context;
  SSL_CTX* ctx = context.get();
  SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_ENCRYPT_THEN_MAC | SSL_OP_NO_QUERY_MTU |
                               SSL_OP_COOKIE_EXCHANGE | SSL_OP_CIPHER_SERVER_PREFERENCE |
                               SSL_OP_PRIORITIZE_CHACHA | SSL_OP_NO_RENEGOTIATION);
  if (SSL_CTX_set_min_proto_version(ctx, DTLS1_2_VERSION) != 1 ||
      SSL_CTX_set_cipher_list(ctx, ciphers) != 1) {
    context.reset();
  }
  return context;
}

}  // namespace

bool DtlsContexts::open(std::string* error, bool aes_hardware) {
  ERR_clear_error();
  psk = dtls_context(suite_order(aes_hardware).dtls_psk);
  legacy = dtls_context(kLegacyCiphers);
  if (!psk || !legacy) {
    *error = "DTLS: " + take_openssl_error();
    return false;
  }
  for (SSL_CTX* context : {psk.get(), legacy.get()}) {
    SSL_CTX_set_cookie_generate_cb(context, DtlsHandshake::make_cookie);
    SSL_CTX_set_cookie_verify_cb(context, DtlsHandshake::verify_cookie);
  }
  SSL_CTX_set_session_cache_mode(psk.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_psk_server_callback(psk.get(), DtlsHandshake::give_psk);
  // Neither side of Cisco's resumption knows the extended master secret [oc 8.3].
  SSL_CTX_set_options(legacy.get(), SSL_OP_NO_EXTENDED_MASTER_SECRET);
  SSL_CTX_set_session_cache_mode(legacy.get(), SSL_SESS_CACHE_SERVER | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_get_cb(legacy.get(), DtlsHandshake::give_session);
  return true;
}

std::unique_ptr<DtlsHandshake> DtlsHandshake::create(const DtlsContexts& contexts,
                                                     const DtlsCredentials& credentials,
                                                     const HelloCookie& cookie) {
  std::unique_ptr<DtlsHandshake> handshake(new DtlsHandshake);
  handshake->credentials_ = credentials;
  handshake->cookie_ = cookie;
  handshake->ssl_.reset(SSL_new(credentials.legacy ? contexts.legacy.get() : contexts.psk.get()));
  SSL* ssl = handshake->ssl_.get();
  if (ssl == nullptr || !handshake->attach(ssl)) return nullptr;
  SSL_set_app_data(ssl, handshake.get());
  DTLS_set_timer_cb(ssl, repeat_after);
  return handshake;
}

DtlsHandshake::~DtlsHandshake() {
  OPENSSL_cleanse(&credentials_, sizeof credentials_);
  // Freeing must send nothing: an alert of OpenSSL's would reuse one of our sequence numbers.
  if (ssl_) SSL_set_quiet_shutdown(ssl_.get(), 1);
}

DtlsHandshake::Status DtlsHandshake::feed(const uint8_t* datagram, size_t size) {
  set_input(datagram, size);
  answered_ = false;
  ERR_clear_error();
  if (!listened_) {
    BIO_ADDR* unused = BIO_ADDR_new();
    const int listened = DTLSv1_listen(ssl_.get(), unused);
    BIO_ADDR_free(unused);
    ERR_clear_error();
    if (listened != 1) return Status::kFailed;
    listened_ = true;
  }
  const int result = SSL_accept(ssl_.get());
  drop_input();
  if (result == 1) return Status::kDone;
  return SSL_get_error(ssl_.get(), result) == SSL_ERROR_WANT_READ ? Status::kAgain
                                                                  : Status::kFailed;
}

void DtlsHandshake::repeat() {
  answered_ = false;
  DTLSv1_handle_timeout(ssl_.get());
  ERR_clear_error();
}

bool DtlsHandshake::take_secrets(DtlsSecrets* secrets) {
  const SSL_CIPHER* suite = SSL_get_current_cipher(ssl_.get());
  const EVP_CIPHER* cipher = EVP_get_cipherbynid(SSL_CIPHER_get_cipher_nid(suite));
  const auto aead = aead_suite_of(cipher);
  TlsSecrets taken;
  if (!aead || !derive_key_block(ssl_.get(), *aead, &taken.read, &taken.write)) return false;
  secrets->read_key = taken.read.key;
  secrets->write_key = taken.write.key;
  secrets->read_iv = taken.read.iv;
  secrets->write_iv = taken.write.iv;
  secrets->cipher = cipher;
  secrets->next_sequence = next_sequence();
  return true;
}

const char* DtlsHandshake::cipher_name() const {
  return SSL_CIPHER_get_name(SSL_get_current_cipher(ssl_.get()));
}

// ─── what OpenSSL asks for ────────────────────────────────────────────────────────────────────

unsigned int DtlsHandshake::give_psk(SSL* ssl, const char*, unsigned char* psk,
                                     unsigned int max_size) {
  const auto* self = static_cast<const DtlsHandshake*>(SSL_get_app_data(ssl));
  const auto& key = self->credentials_.psk;
  if (max_size < key.size()) return 0;
  memcpy(psk, key.data(), key.size());
  return static_cast<unsigned int>(key.size());
}

SSL_SESSION* DtlsHandshake::give_session(SSL* ssl, const unsigned char* id, int id_size,
                                         int* copy) {
  *copy = 0;
  const auto* self = static_cast<const DtlsHandshake*>(SSL_get_app_data(ssl));
  const auto& master = self->credentials_.master_secret;
  uint8_t number[2];
  store16(number, self->credentials_.suite);
  const SSL_CIPHER* suite = SSL_CIPHER_find(ssl, number);
  SSL_SESSION* session = SSL_SESSION_new();
  if (suite == nullptr || session == nullptr ||
      SSL_SESSION_set_protocol_version(session, DTLS1_2_VERSION) != 1 ||
      SSL_SESSION_set_cipher(session, suite) != 1 ||
      SSL_SESSION_set1_master_key(session, master.data(), master.size()) != 1 ||
      SSL_SESSION_set1_id(session, id, static_cast<unsigned int>(id_size)) != 1) {
    SSL_SESSION_free(session);
    return nullptr;
  }
  return session;
}

int DtlsHandshake::make_cookie(SSL* ssl, unsigned char* cookie, unsigned int* size) {
  const auto* self = static_cast<const DtlsHandshake*>(SSL_get_app_data(ssl));
  memcpy(cookie, self->cookie_.data(), self->cookie_.size());
  *size = static_cast<unsigned int>(self->cookie_.size());
  return 1;
}

int DtlsHandshake::verify_cookie(SSL* ssl, const unsigned char* cookie, unsigned int size) {
  const auto* self = static_cast<const DtlsHandshake*>(SSL_get_app_data(ssl));
  return size == self->cookie_.size() &&
         CRYPTO_memcmp(cookie, self->cookie_.data(), self->cookie_.size()) == 0;
}

void DtlsHandshake::on_output(const uint8_t* datagram, size_t size) {
  if (!answered_) flight_.clear();
  answered_ = true;
  flight_.emplace_back(datagram, datagram + size);
}

}  // namespace wolfguard
