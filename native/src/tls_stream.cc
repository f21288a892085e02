#include "tls_stream.h"

#include <openssl/err.h>

#include <algorithm>

#include "tls_records.h"

namespace wolfguard {

std::unique_ptr<TlsStream> TlsStream::create(SSL_CTX* context) {
  std::unique_ptr<TlsStream> stream(new TlsStream);
  stream->ssl_.reset(SSL_new(context));
  BIO* bio = BIO_new(bio_method());
  if (!stream->ssl_ || bio == nullptr) {
    BIO_free(bio);
    return nullptr;
  }
  BIO_set_data(bio, stream.get());
  BIO_set_init(bio, 1);
  SSL_set_bio(stream->ssl_.get(), bio, bio);
  SSL_set_accept_state(stream->ssl_.get());
  stream->tap_.attach(stream->ssl_.get());
  return stream;
}

TlsStream::~TlsStream() = default;

void TlsStream::feed(const uint8_t* data, size_t size) {
  if (!partial_.empty()) {
    joined_.swap(partial_);
    partial_.clear();
    joined_.insert(joined_.end(), data, data + size);
    data = joined_.data();
    size = joined_.size();
  }
  const size_t whole = whole_records(data, size);
  if (whole < size) partial_.assign(data + whole, data + size);
  input_ = data;
  input_size_ = whole;
}

/** How many of these bytes OpenSSL may have now. */
size_t TlsStream::whole_records(const uint8_t* data, size_t size) {
  static constexpr uint8_t kFirstType = 20, kLastType = 24;
  size_t whole = 0;
  while (!garbage_ && size - whole >= kTlsHeaderSize) {
    const uint8_t* record = data + whole;
    const size_t length = kTlsHeaderSize + load16(record + 3);
    garbage_ = record[0] < kFirstType || record[0] > kLastType || length > kMaxTlsRecord;
    if (length > size - whole) break;
    whole += length;
  }
  return garbage_ ? size : whole;
}

TlsStream::Status TlsStream::handshake() {
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  if (result == 1) return Status::kDone;
  const int error = SSL_get_error(ssl_.get(), result);
  return error == SSL_ERROR_WANT_READ ? Status::kAgain : Status::kFailed;
}

TlsStream::Status TlsStream::read(uint8_t* out, size_t size, size_t* got) {
  ERR_clear_error();
  const int result = SSL_read_ex(ssl_.get(), out, size, got);
  if (result == 1) return Status::kDone;
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return Status::kAgain;
    case SSL_ERROR_ZERO_RETURN:
      return Status::kClosed;
    default:
      return Status::kFailed;
  }
}

bool TlsStream::write(const uint8_t* data, size_t size) {
  ERR_clear_error();
  size_t written = 0;
  return size == 0 || (SSL_write_ex(ssl_.get(), data, size, &written) == 1 && written == size);
}

void TlsStream::renew_keys() {
  if (SSL_version(ssl_.get()) != TLS1_3_VERSION) return;
  ERR_clear_error();
  if (SSL_key_update(ssl_.get(), SSL_KEY_UPDATE_REQUESTED) == 1) SSL_do_handshake(ssl_.get());
  ERR_clear_error();
}

void TlsStream::shut_down() {
  ERR_clear_error();
  SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

std::optional<TlsSecrets> TlsStream::take_secrets() const {
  if (garbage_ || input_size_ > 0) return std::nullopt;
  return tap_.secrets_of(ssl_.get());
}

BIO_METHOD* TlsStream::bio_method() {
  static BIO_METHOD* method = [] {
    BIO_METHOD* m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "wolfguard tls");
    BIO_meth_set_write(m, bio_write);
    BIO_meth_set_read(m, bio_read);
    BIO_meth_set_ctrl(m, bio_control);
    return m;
  }();
  return method;
}

int TlsStream::bio_write(BIO* bio, const char* data, int size) {
  auto* stream = static_cast<TlsStream*>(BIO_get_data(bio));
  stream->output_.append({reinterpret_cast<const uint8_t*>(data), static_cast<size_t>(size)});
  return size;
}

int TlsStream::bio_read(BIO* bio, char* out, int size) {
  auto* stream = static_cast<TlsStream*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  if (stream->input_size_ == 0) {
    Bytes().swap(stream->joined_);  // an idle connection keeps nothing
    BIO_set_retry_read(bio);
    return -1;
  }
  const size_t n = std::min(stream->input_size_, static_cast<size_t>(size));
  memcpy(out, stream->input_, n);
  stream->input_ += n;
  stream->input_size_ -= n;
  return static_cast<int>(n);
}

long TlsStream::bio_control(BIO*, int command, long, void*) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

}  // namespace wolfguard
