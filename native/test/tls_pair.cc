#include "tls_pair.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <algorithm>
#include <functional>

namespace wolfguard {

namespace {

std::string to_pem(const std::function<int(BIO*)>& write) {
  BIO* bio = BIO_new(BIO_s_mem());
  write(bio);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  std::string pem(data, static_cast<size_t>(size));
  BIO_free(bio);
  return pem;
}

}  // namespace

const TlsOptions& server_options() {
  static const TlsOptions options = [] {
    EVP_PKEY* key = EVP_EC_gen("P-256");
    X509* certificate = X509_new();
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_sign(certificate, key, EVP_sha256());
    TlsOptions made;
    made.certificates.push_back(
        {to_pem([&](BIO* bio) { return PEM_write_bio_X509(bio, certificate); }),
         to_pem([&](BIO* bio) {
           return PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
         })});
    X509_free(certificate);
    EVP_PKEY_free(key);
    return made;
  }();
  return options;
}

TlsPair::TlsPair(const TlsPairOptions& options)
    : client_context_(SSL_CTX_new(TLS_client_method())) {
  std::string error;
  TlsOptions server = server_options();
  server.ciphers = options.server_ciphers;
  server.aes_hardware = options.aes_hardware;
  server_context_ = create_tls_context({&server, 1}, &error);
  if (!server_context_) abort();
  const int version = options.tls13 ? TLS1_3_VERSION : TLS1_2_VERSION;
  SSL_CTX_set_min_proto_version(client_context_.get(), version);
  SSL_CTX_set_max_proto_version(client_context_.get(), version);
  const int set = options.tls13 ? SSL_CTX_set_ciphersuites(client_context_.get(), options.suite)
                                : SSL_CTX_set_cipher_list(client_context_.get(), options.suite);
  if (set != 1) abort();
  stream_ = TlsStream::create(server_context_.get());
  client_.reset(SSL_new(client_context_.get()));
  SSL_set_bio(client_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  BIO_set_mem_eof_return(SSL_get_rbio(client_.get()), -1);
  SSL_set_connect_state(client_.get());
  if (options.max_fragment_length != 0) {
    SSL_set_tlsext_max_fragment_length(client_.get(), options.max_fragment_length);
  }
  bool client_done = false;
  for (int round = 0; round < 4; round++) {
    ERR_clear_error();
    client_done = SSL_do_handshake(client_.get()) == 1;
    feed_stream(client_output(), options.piece);
    const Bytes answer(stream_->output().begin(), stream_->output().end());
    stream_->take_output();
    BIO_write(SSL_get_rbio(client_.get()), answer.data(), static_cast<int>(answer.size()));
  }
  up_ = up_ && client_done;
}

void TlsPair::feed_stream(const Bytes& bytes, size_t piece) {
  for (size_t at = 0; at < bytes.size();) {
    const size_t size = std::min(piece, bytes.size() - at);
    const Bytes part(bytes.begin() + static_cast<ptrdiff_t>(at),
                     bytes.begin() + static_cast<ptrdiff_t>(at + size));
    stream_->feed(part.data(), part.size());
    up_ = stream_->handshake() == TlsStream::Status::kDone;
    at += size;
  }
}

Bytes TlsPair::client_seal(ByteView text) {
  ERR_clear_error();
  if (SSL_write(client_.get(), text.data(), static_cast<int>(text.size())) <= 0) return {};
  return client_output();
}

Bytes TlsPair::client_output() {
  BIO* bio = SSL_get_wbio(client_.get());
  Bytes out(BIO_pending(bio));
  if (!out.empty()) BIO_read(bio, out.data(), static_cast<int>(out.size()));
  return out;
}

std::optional<Bytes> TlsPair::client_open(ByteView records) {
  BIO_write(SSL_get_rbio(client_.get()), records.data(), static_cast<int>(records.size()));
  Bytes all;
  for (;;) {
    uint8_t text[kMaxTlsText];
    size_t got = 0;
    ERR_clear_error();
    const int result = SSL_read_ex(client_.get(), text, sizeof text, &got);
    if (result == 1) {
      all.insert(all.end(), text, text + got);
      continue;
    }
    const int error = SSL_get_error(client_.get(), result);
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_ZERO_RETURN) return all;
    return std::nullopt;
  }
}

std::unique_ptr<OwnRecords> TlsPair::take_over(uint64_t records_per_key) {
  secrets_ = stream_->take_secrets();
  if (!secrets_) return nullptr;
  return std::make_unique<OwnRecords>(*secrets_, stream_->take_partial(), records_per_key);
}

Bytes TlsPair::forge(uint8_t outer_type, ByteView text, uint8_t inner_type, size_t padding) {
  TlsDirection& keys = secrets_->read;
  AeadKey key(secrets_->suite, keys.key.data());
  const bool explicit_nonce = !secrets_->tls13 && secrets_->suite != AeadSuite::kChaCha20Poly1305;
  Bytes inner(text.begin(), text.end());
  if (secrets_->tls13) {
    inner.push_back(inner_type);
    inner.resize(inner.size() + padding);
  }
  Bytes record(kTlsHeaderSize);
  if (explicit_nonce) record.resize(kTlsHeaderSize + 8, 7);
  const size_t at = record.size();
  record.resize(at + inner.size() + kAeadTagSize);
  record[0] = outer_type;
  store16(&record[1], 0x0303);
  store16(&record[3], static_cast<uint16_t>(record.size() - kTlsHeaderSize));
  Bytes additional(record.begin(), record.begin() + kTlsHeaderSize);
  if (!secrets_->tls13) {
    additional.resize(13);
    store64(&additional[0], keys.sequence);
    additional[8] = outer_type;
    store16(&additional[9], 0x0303);
    store16(&additional[11], static_cast<uint16_t>(inner.size()));
  }
  AeadNonce nonce = keys.iv;
  if (explicit_nonce) {
    std::fill(nonce.begin() + 4, nonce.end(), uint8_t{7});
  } else {
    nonce = xor_nonce(keys.iv, keys.sequence);
  }
  key.seal(nonce, additional, inner.data(), inner.size(), &record[at]);
  keys.sequence++;
  return record;
}

Opened open_all(TlsRecords& records, ByteView bytes) {
  const size_t size = kMaxTlsRecord + bytes.size();
  const auto block = std::make_unique<uint8_t[]>(size);
  std::copy(bytes.begin(), bytes.end(), block.get() + kMaxTlsRecord);
  records.feed(block.get() + kMaxTlsRecord, bytes.size());
  Opened opened;
  std::vector<std::span<uint8_t>> texts;
  std::span<uint8_t> text;
  while ((opened.status = records.read(&text)) == TlsRecords::Status::kText) texts.push_back(text);
  // Only now: later reads must not have touched earlier texts.
  for (const auto& part : texts) opened.text.insert(opened.text.end(), part.begin(), part.end());
  return opened;
}

}  // namespace wolfguard
