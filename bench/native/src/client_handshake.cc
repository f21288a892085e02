#include "client_handshake.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/kdf.h>

#include <cstring>

namespace wolfguard::load {

namespace {

/** Every handshake message of ours fits one datagram. */
constexpr long kHandshakeMtu = 1200;
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

/** The TLS 1.2 key block [rfc5246 6.3]. */
bool derive_key_block(SSL* ssl, const SSL_CIPHER* suite, uint8_t* out, size_t size) {
  uint8_t master[48], client_random[32], server_random[32];
  const size_t master_size =
      SSL_SESSION_get_master_key(SSL_get_session(ssl), master, sizeof master);
  SSL_get_client_random(ssl, client_random, sizeof client_random);
  SSL_get_server_random(ssl, server_random, sizeof server_random);
  char label[] = "key expansion";
  char* digest = const_cast<char*>(EVP_MD_get0_name(SSL_CIPHER_get_handshake_digest(suite)));
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SECRET, master, master_size),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, label, sizeof label - 1),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, server_random, sizeof server_random),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, client_random, sizeof client_random),
      OSSL_PARAM_construct_end()};
  EVP_KDF* kdf = EVP_KDF_fetch(nullptr, "TLS1-PRF", nullptr);
  EVP_KDF_CTX* context = EVP_KDF_CTX_new(kdf);
  const bool derived = context != nullptr && EVP_KDF_derive(context, out, size, params) == 1;
  EVP_KDF_CTX_free(context);
  EVP_KDF_free(kdf);
  return derived;
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
  BIO* bio = BIO_new(bio_method());
  if (!handshake->ssl_ || bio == nullptr) {
    BIO_free(bio);
    return nullptr;
  }
  BIO_set_data(bio, handshake.get());
  BIO_set_init(bio, 1);
  SSL* ssl = handshake->ssl_.get();
  SSL_set_bio(ssl, bio, bio);
  SSL_set_app_data(ssl, handshake.get());
  SSL_set_mtu(ssl, kHandshakeMtu);
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
  input_ = datagram;
  input_size_ = size;
  const Status status = advance();
  input_size_ = 0;
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
  if (cipher == nullptr) return false;
  const auto key_size = static_cast<size_t>(EVP_CIPHER_get_key_length(cipher));
  const size_t iv_size = EVP_CIPHER_get_mode(cipher) == EVP_CIPH_GCM_MODE ? 4 : 12;
  uint8_t block[2 * 32 + 2 * 12];
  if (key_size > 32 || !derive_key_block(ssl_.get(), suite, block, 2 * (key_size + iv_size))) {
    return false;
  }
  const uint8_t* at = block;  // client key, server key, client IV, server IV
  memcpy(secrets->write_key.data(), at, key_size);
  memcpy(secrets->read_key.data(), at += key_size, key_size);
  memcpy(secrets->write_iv.data(), at += key_size, iv_size);
  memcpy(secrets->read_iv.data(), at += iv_size, iv_size);
  OPENSSL_cleanse(block, sizeof block);
  secrets->cipher = cipher;
  secrets->next_sequence = next_sequence_;
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

// ─── datagrams in memory ──────────────────────────────────────────────────────────────────────

BIO_METHOD* ClientHandshake::bio_method() {
  static BIO_METHOD* method = [] {
    BIO_METHOD* m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "load dtls");
    BIO_meth_set_write(m, bio_write);
    BIO_meth_set_read(m, bio_read);
    BIO_meth_set_ctrl(m, bio_control);
    return m;
  }();
  return method;
}

int ClientHandshake::bio_write(BIO* bio, const char* data, int size) {
  auto* self = static_cast<ClientHandshake*>(BIO_get_data(bio));
  const auto* bytes = reinterpret_cast<const uint8_t*>(data);
  self->output_.emplace_back(bytes, bytes + size);
  // Our Finished, and each repetition of it, uses a number of epoch 1: we go on behind them.
  auto rest = static_cast<size_t>(size);
  while (const auto header = parse_dtls_header(bytes, rest)) {
    if (header->epoch == 1) self->next_sequence_ = header->sequence + 1;
    bytes += kDtlsHeaderSize + header->length;
    rest -= kDtlsHeaderSize + header->length;
  }
  return size;
}

int ClientHandshake::bio_read(BIO* bio, char* out, int size) {
  auto* self = static_cast<ClientHandshake*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  if (self->input_size_ == 0) {
    BIO_set_retry_read(bio);
    return -1;
  }
  const size_t n = std::min(self->input_size_, static_cast<size_t>(size));
  memcpy(out, self->input_, n);
  self->input_size_ = 0;
  return static_cast<int>(n);
}

long ClientHandshake::bio_control(BIO*, int command, long number, void*) {
  switch (command) {
    case BIO_CTRL_FLUSH:
      return 1;
    case BIO_CTRL_DGRAM_QUERY_MTU:
    case BIO_CTRL_DGRAM_GET_FALLBACK_MTU:
      return kHandshakeMtu;
    case BIO_CTRL_DGRAM_SET_MTU:
      return number;
    default:
      return 0;
  }
}

}  // namespace wolfguard::load
