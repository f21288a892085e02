#include "client_handshake.h"

#include <openssl/err.h>

#include <cstring>

#include "tls_secrets.h"

namespace wolfguard::load {

namespace {

/** PSK-AES256-GCM-SHA384: what the made-up session claims; it is never resumed. */
constexpr uint8_t kSessionSuite[2] = {0x00, 0xa9};

/** A session that never was, whose only use is its id. */
bool offer_session_id(SSL* ssl, const AppId& id) {
  constexpr uint8_t kMasterSecret[48] = {};
  const SSL_CIPHER* suite = SSL_CIPHER_find(ssl, kSessionSuite);
  SSL_SESSION* session = SSL_SESSION_new();
  const bool offered =
      suite != nullptr && session != nullptr &&
      SSL_SESSION_set_protocol_version(session, DTLS1_2_VERSION) == 1 &&
      SSL_SESSION_set_cipher(session, suite) == 1 &&
      SSL_SESSION_set1_master_key(session, kMasterSecret, sizeof kMasterSecret) == 1 &&
      SSL_SESSION_set1_id(session, id.data(), static_cast<unsigned int>(id.size())) == 1 &&
      SSL_set_session(ssl, session) == 1;
  SSL_SESSION_free(session);
  return offered;
}

}  // namespace

ClientContext create_dtls_client_context(const char* ciphers) {
  ClientContext context(SSL_CTX_new(DTLS_client_method()));
  if (!context) return context;
  SSL_CTX* ctx = context.get();
  // As openconnect's hello is: no ticket, no extended master secret [oc 8.2].
  SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_EXTENDED_MASTER_SECRET |
                               SSL_OP_NO_ENCRYPT_THEN_MAC | SSL_OP_NO_QUERY_MTU);
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_psk_client_callback(ctx, ClientHandshake::give_psk);
  if (SSL_CTX_set_min_proto_version(ctx, DTLS1_2_VERSION) != 1 ||
      SSL_CTX_set_cipher_list(ctx, ciphers) != 1) {
    context.reset();
  }
  return context;
}

std::unique_ptr<ClientHandshake> ClientHandshake::create(SSL_CTX* context, const AppId& app_id,
                                                         const Psk& psk) {
  std::unique_ptr<ClientHandshake> handshake(new ClientHandshake);
  handshake->psk_ = psk;
  handshake->ssl_.reset(SSL_new(context));
  SSL* ssl = handshake->ssl_.get();
  if (ssl == nullptr || !handshake->attach(ssl)) return nullptr;
  SSL_set_app_data(ssl, handshake.get());
  SSL_set_connect_state(ssl);
  if (!offer_session_id(ssl, app_id)) return nullptr;
  return handshake;
}

ClientHandshake::~ClientHandshake() {
  OPENSSL_cleanse(psk_.data(), psk_.size());
  // An alert of OpenSSL's would reuse one of our sequence numbers.
  if (ssl_) SSL_set_quiet_shutdown(ssl_.get(), 1);
}

ClientHandshake::Status ClientHandshake::feed(const uint8_t* datagram, size_t size) {
  set_input(datagram, size);
  const Status status = advance();
  drop_input();
  return status;
}

ClientHandshake::Status ClientHandshake::advance() {
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  if (result == 1) return Status::kDone;
  const bool waits = SSL_get_error(ssl_.get(), result) == SSL_ERROR_WANT_READ;
  ERR_clear_error();
  return waits ? Status::kAgain : Status::kFailed;
}

void ClientHandshake::on_tick() {
  ERR_clear_error();
  DTLSv1_handle_timeout(ssl_.get());
  ERR_clear_error();
}

bool ClientHandshake::take_secrets(DtlsSecrets* secrets) const {
  const SSL_CIPHER* suite = SSL_get_current_cipher(ssl_.get());
  const EVP_CIPHER* cipher = EVP_get_cipherbynid(SSL_CIPHER_get_cipher_nid(suite));
  const auto aead = aead_suite_of(cipher);
  TlsSecrets taken;
  if (!aead || !derive_key_block(ssl_.get(), *aead, &taken.write, &taken.read)) return false;
  secrets->read_key = taken.read.key;
  secrets->write_key = taken.write.key;
  secrets->read_iv = taken.read.iv;
  secrets->write_iv = taken.write.iv;
  secrets->cipher = cipher;
  secrets->next_sequence = next_sequence();
  return true;
}

const char* ClientHandshake::cipher_name() const {
  return SSL_CIPHER_get_name(SSL_get_current_cipher(ssl_.get()));
}

unsigned int ClientHandshake::give_psk(SSL* ssl, const char*, char* identity,
                                       unsigned int max_identity, unsigned char* psk,
                                       unsigned int max_psk) {
  constexpr char kIdentity[] = "psk";  // the server does not look at it [oc 8.2]
  const auto* self = static_cast<const ClientHandshake*>(SSL_get_app_data(ssl));
  if (max_identity < sizeof kIdentity || max_psk < self->psk_.size()) return 0;
  memcpy(identity, kIdentity, sizeof kIdentity);
  memcpy(psk, self->psk_.data(), self->psk_.size());
  return static_cast<unsigned int>(self->psk_.size());
}

void ClientHandshake::on_output(const uint8_t* datagram, size_t size) {
  output_.emplace_back(datagram, datagram + size);
}

}  // namespace wolfguard::load
