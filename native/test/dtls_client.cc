#include "dtls_client.h"

#include <openssl/err.h>

#include <utility>

namespace wolfguard {

namespace {

constexpr size_t kMasterSecretSize = 48;
constexpr long kMtu = 1200;
constexpr const char* kPskCiphers =
    "PSK-AES256-GCM-SHA384:PSK-CHACHA20-POLY1305:PSK-AES128-GCM-SHA256:@SECLEVEL=0";
constexpr const char* kLegacyCiphers = "AES256-GCM-SHA384:@SECLEVEL=0";

unsigned int short_timer(SSL*, unsigned int) { return DtlsClient::kTimerUs; }

}  // namespace

std::unique_ptr<DtlsClient> DtlsClient::create(const DtlsClientOptions& options) {
  std::unique_ptr<DtlsClient> client(new DtlsClient);
  const bool legacy = options.secret.size() == kMasterSecretSize;
  client->psk_ = options.secret;
  client->context_.reset(SSL_CTX_new(DTLS_client_method()));
  SSL_CTX* context = client->context_.get();
  std::string ciphers = legacy ? kLegacyCiphers : kPskCiphers;
  if (!options.ciphers.empty()) ciphers = options.ciphers + ":@SECLEVEL=0";
  SSL_CTX_set_options(context, SSL_OP_NO_QUERY_MTU);
  if (legacy || !options.extended_master_secret) {
    SSL_CTX_set_options(context, SSL_OP_NO_EXTENDED_MASTER_SECRET);
  }
  if (SSL_CTX_set_min_proto_version(context, DTLS1_2_VERSION) != 1 ||
      SSL_CTX_set_max_proto_version(context, DTLS1_2_VERSION) != 1 ||
      SSL_CTX_set_ciphersuites(context, "") != 1 ||
      SSL_CTX_set_cipher_list(context, ciphers.c_str()) != 1) {
    return nullptr;
  }
  // Also for a resumption, which asks for no key: without it no suite with PSK is offered.
  SSL_CTX_set_psk_client_callback(context, give_psk);
  client->ssl_.reset(SSL_new(context));
  SSL* ssl = client->ssl_.get();
  BIO* bio = BIO_new(bio_method());
  BIO_set_data(bio, client.get());
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl, bio, bio);
  SSL_set_app_data(ssl, client.get());
  SSL_set_mtu(ssl, kMtu);
  DTLS_set_timer_cb(ssl, short_timer);
  SSL_set_connect_state(ssl);
  if (!client->install_session(options)) return nullptr;
  return client;
}

/** Only a session puts an id of ours into the hello; for PSK its secret is never used. */
bool DtlsClient::install_session(const DtlsClientOptions& options) {
  const bool legacy = options.secret.size() == kMasterSecretSize;
  const Bytes master = legacy ? options.secret : Bytes(kMasterSecretSize, 1);
  SSL_SESSION* session = SSL_SESSION_new();
  const SSL_CIPHER* cipher = sk_SSL_CIPHER_value(SSL_get_ciphers(ssl_.get()), 0);
  const bool installed =
      session != nullptr && cipher != nullptr &&
      SSL_SESSION_set_protocol_version(session, DTLS1_2_VERSION) == 1 &&
      SSL_SESSION_set_cipher(session, cipher) == 1 &&
      SSL_SESSION_set1_master_key(session, master.data(), master.size()) == 1 &&
      SSL_SESSION_set1_id(session, options.app_id.data(), options.app_id.size()) == 1 &&
      SSL_set_session(ssl_.get(), session) == 1;
  SSL_SESSION_free(session);
  return installed;
}

void DtlsClient::receive(const Bytes& datagram) { input_.push_back(datagram); }

void DtlsClient::advance() {
  ERR_clear_error();
  if (!up_ && !failed_) {
    const int result = SSL_do_handshake(ssl_.get());
    if (result == 1) {
      up_ = true;
    } else if (SSL_get_error(ssl_.get(), result) != SSL_ERROR_WANT_READ) {
      failed_ = true;
    }
  }
  while (up_ && !closed_) {
    Bytes text(65536);
    size_t got = 0;
    const int result = SSL_read_ex(ssl_.get(), text.data(), text.size(), &got);
    if (result == 1) {
      text.resize(got);
      texts_.push_back(std::move(text));
      continue;
    }
    closed_ = SSL_get_error(ssl_.get(), result) != SSL_ERROR_WANT_READ;
    break;
  }
  ERR_clear_error();
}

void DtlsClient::time_out() {
  if (DTLSv1_handle_timeout(ssl_.get()) < 0) failed_ = true;
  ERR_clear_error();
}

Flight DtlsClient::take_output() { return std::exchange(output_, {}); }

bool DtlsClient::send(ByteView text) {
  ERR_clear_error();
  return SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size())) > 0;
}

std::optional<Bytes> DtlsClient::read() {
  if (texts_.empty()) return std::nullopt;
  Bytes text = std::move(texts_.front());
  texts_.pop_front();
  return text;
}

void DtlsClient::close() { SSL_shutdown(ssl_.get()); }

unsigned int DtlsClient::give_psk(SSL* ssl, const char*, char* identity, unsigned int max_identity,
                                  unsigned char* psk, unsigned int max_psk) {
  const auto* self = static_cast<const DtlsClient*>(SSL_get_app_data(ssl));
  if (max_identity < 4 || max_psk < self->psk_.size()) return 0;
  memcpy(identity, "psk", 4);
  memcpy(psk, self->psk_.data(), self->psk_.size());
  return static_cast<unsigned int>(self->psk_.size());
}

BIO_METHOD* DtlsClient::bio_method() {
  static BIO_METHOD* method = [] {
    BIO_METHOD* m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "test dtls client");
    BIO_meth_set_write(m, bio_write);
    BIO_meth_set_read(m, bio_read);
    BIO_meth_set_ctrl(m, bio_control);
    return m;
  }();
  return method;
}

int DtlsClient::bio_write(BIO* bio, const char* data, int size) {
  auto* self = static_cast<DtlsClient*>(BIO_get_data(bio));
  self->output_.emplace_back(data, data + size);
  return size;
}

int DtlsClient::bio_read(BIO* bio, char* out, int size) {
  auto* self = static_cast<DtlsClient*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  if (self->input_.empty()) {
    BIO_set_retry_read(bio);
    return -1;
  }
  const Bytes datagram = std::move(self->input_.front());
  self->input_.pop_front();
  const size_t n = std::min(datagram.size(), static_cast<size_t>(size));
  memcpy(out, datagram.data(), n);
  return static_cast<int>(n);
}

long DtlsClient::bio_control(BIO*, int command, long number, void*) {
  switch (command) {
    case BIO_CTRL_FLUSH:
      return 1;
    case BIO_CTRL_DGRAM_QUERY_MTU:
    case BIO_CTRL_DGRAM_GET_FALLBACK_MTU:
      return kMtu;
    case BIO_CTRL_DGRAM_SET_MTU:
      return number;
    default:
      return 0;
  }
}

}  // namespace wolfguard
