#include "tls_client.h"

#include <openssl/err.h>

#include "tls_pair.h"

namespace wolfguard {

SslContext make_server_context() {
  std::string error;
  SslContext context = create_tls_context({&server_options(), 1}, &error);
  if (!context) abort();
  return context;
}

TlsClient::TlsClient(int version) : context_(SSL_CTX_new(TLS_client_method())) {
  SSL_CTX_set_min_proto_version(context_.get(), version);
  SSL_CTX_set_max_proto_version(context_.get(), version);
  ssl_.reset(SSL_new(context_.get()));
  SSL_set_bio(ssl_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  SSL_set_connect_state(ssl_.get());
}

void TlsClient::receive(const Bytes& data) {
  BIO_write(SSL_get_rbio(ssl_.get()), data.data(), static_cast<int>(data.size()));
}

Bytes TlsClient::take_output() {
  BIO* bio = SSL_get_wbio(ssl_.get());
  Bytes out(BIO_pending(bio));
  if (!out.empty()) BIO_read(bio, out.data(), static_cast<int>(out.size()));
  return out;
}

bool TlsClient::handshake() {
  ERR_clear_error();
  return SSL_do_handshake(ssl_.get()) == 1;
}

bool TlsClient::send(ByteView text) {
  ERR_clear_error();
  return SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size())) > 0;
}

Bytes TlsClient::read() {
  ERR_clear_error();
  Bytes all;
  for (;;) {
    uint8_t text[16384];
    size_t got = 0;
    if (SSL_read_ex(ssl_.get(), text, sizeof text, &got) != 1) return all;
    all.insert(all.end(), text, text + got);
  }
}

bool TlsClient::update_keys() {
  return SSL_key_update(ssl_.get(), SSL_KEY_UPDATE_REQUESTED) == 1 && handshake();
}

}  // namespace wolfguard
