#include "tls_tap.h"

#include <openssl/crypto.h>

#include <string_view>

namespace wolfguard {

namespace {

constexpr uint8_t kChangeCipherSpec = 20, kKeyUpdate = 24;

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/** 0: no hexadecimal number, or too long. */
size_t parse_hex(std::string_view text, uint8_t* out, size_t room) {
  if (text.size() % 2 != 0 || text.size() / 2 > room) return 0;
  for (size_t i = 0; i < text.size(); i += 2) {
    const int high = digit(text[i]), low = digit(text[i + 1]);
    if (high < 0 || low < 0) return 0;
    out[i / 2] = static_cast<uint8_t>(high << 4 | low);
  }
  return text.size() / 2;
}

}  // namespace

void TlsTap::install(SSL_CTX* context) {
  SSL_CTX_set_keylog_callback(context, on_key_log);
  SSL_CTX_set_msg_callback(context, on_message);
}

TlsTap::~TlsTap() {
  OPENSSL_cleanse(&read_, sizeof read_);
  OPENSSL_cleanse(&write_, sizeof write_);
}

void TlsTap::attach(SSL* ssl) {
  SSL_set_app_data(ssl, this);
  SSL_set_msg_callback_arg(ssl, this);
}

std::optional<TlsSecrets> TlsTap::secrets_of(SSL* ssl) const {
  const SSL_CIPHER* cipher = SSL_get_current_cipher(ssl);
  if (cipher == nullptr || updated_ || !SSL_is_init_finished(ssl) || SSL_has_pending(ssl)) {
    return std::nullopt;
  }
  // A client that asked for small records gets them from OpenSSL [rfc6066 4].
  if (SSL_SESSION_get_max_fragment_length(SSL_get_session(ssl)) !=
      TLSEXT_max_fragment_length_DISABLED) {
    return std::nullopt;
  }
  const auto suite = aead_suite_of(EVP_get_cipherbynid(SSL_CIPHER_get_cipher_nid(cipher)));
  if (!suite) return std::nullopt;
  TlsSecrets secrets;
  secrets.suite = *suite;
  secrets.digest = SSL_CIPHER_get_handshake_digest(cipher);
  secrets.read = direction_of(read_);
  secrets.write = direction_of(write_);
  switch (SSL_version(ssl)) {
    case TLS1_3_VERSION: {
      const auto size = static_cast<size_t>(EVP_MD_get_size(secrets.digest));
      secrets.tls13 = true;
      if (read_.secret_size != size || write_.secret_size != size ||
          !derive_traffic_key(secrets.digest, *suite, &secrets.read) ||
          !derive_traffic_key(secrets.digest, *suite, &secrets.write)) {
        return std::nullopt;
      }
      return secrets;
    }
    case TLS1_2_VERSION: {
      const bool server = SSL_is_server(ssl);
      if (!derive_key_block(ssl, *suite, server ? &secrets.read : &secrets.write,
                            server ? &secrets.write : &secrets.read)) {
        return std::nullopt;
      }
      return secrets;
    }
    default:
      return std::nullopt;
  }
}

TlsDirection TlsTap::direction_of(const Direction& heard) {
  TlsDirection direction;
  direction.secret = heard.secret;
  direction.sequence = heard.records;
  return direction;
}

/** "LABEL client_random secret", in hexadecimal; called when the keys come into use. */
void TlsTap::on_key_log(const SSL* ssl, const char* text) {
  auto* tap = static_cast<TlsTap*>(SSL_get_app_data(ssl));
  const std::string_view line = text;
  const std::string_view label = line.substr(0, line.find(' '));
  const bool client = label == "CLIENT_TRAFFIC_SECRET_0";
  if (tap == nullptr || (!client && label != "SERVER_TRAFFIC_SECRET_0")) return;
  Direction& direction = client == (SSL_is_server(ssl) == 1) ? tap->read_ : tap->write_;
  direction.secret_size =
      parse_hex(line.substr(line.rfind(' ') + 1), direction.secret.data(), direction.secret.size());
  direction.records = 0;
}

/** Counts record headers. TLS 1.2's keys come into use behind the ChangeCipherSpec. */
void TlsTap::on_message(int written, int, int type, const void* bytes, size_t size, SSL*,
                        void* pointer) {
  auto* tap = static_cast<TlsTap*>(pointer);
  if (tap == nullptr || size == 0) return;
  const uint8_t first = *static_cast<const uint8_t*>(bytes);
  if (type == SSL3_RT_HEADER) {
    Direction& direction = written ? tap->write_ : tap->read_;
    direction.records = first == kChangeCipherSpec ? 0 : direction.records + 1;
  } else if (type == SSL3_RT_HANDSHAKE && first == kKeyUpdate) {
    tap->updated_ = true;
  }
}

}  // namespace wolfguard
