#include "tls_stream.h"

#include <openssl/err.h>
#include <sys/socket.h>

#include <cerrno>

namespace wolfguard {

namespace {

/** Output buffers of connections that have nothing to send wait here for the next one that has. */
constexpr size_t kSpareBuffers = 8;
/** A buffer that grew beyond this (a slow peer's backlog) is freed rather than kept. */
constexpr size_t kSpareCapacity = 256 << 10;

std::vector<Bytes>& spare_buffers() {
  static thread_local std::vector<Bytes> spares;
  return spares;
}

void take_buffer(Bytes* buffer) {
  std::vector<Bytes>& spares = spare_buffers();
  if (buffer->capacity() > 0 || spares.empty()) return;
  buffer->swap(spares.back());
  spares.pop_back();
}

void return_buffer(Bytes* buffer) {
  std::vector<Bytes>& spares = spare_buffers();
  buffer->clear();
  if (spares.size() < kSpareBuffers && buffer->capacity() <= kSpareCapacity) {
    spares.emplace_back(std::move(*buffer));
  }
  Bytes().swap(*buffer);
}

}  // namespace

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
  return stream;
}

TlsStream::~TlsStream() = default;

void TlsStream::feed(const uint8_t* data, size_t size) {
  input_ = data;
  input_size_ = size;
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

void TlsStream::shut_down() {
  ERR_clear_error();
  SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

bool TlsStream::flush(int fd) {
  while (sent_ < output_.size()) {
    const ssize_t n = send(fd, output_.data() + sent_, output_.size() - sent_, MSG_NOSIGNAL);
    if (n < 0) {
      if (errno == EINTR) continue;
      return errno == EAGAIN || errno == EWOULDBLOCK;
    }
    sent_ += static_cast<size_t>(n);
  }
  if (output_.capacity() > 0) return_buffer(&output_);
  sent_ = 0;
  return true;
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
  take_buffer(&stream->output_);
  const auto* bytes = reinterpret_cast<const uint8_t*>(data);
  stream->output_.insert(stream->output_.end(), bytes, bytes + size);
  return size;
}

int TlsStream::bio_read(BIO* bio, char* out, int size) {
  auto* stream = static_cast<TlsStream*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  if (stream->input_size_ == 0) {
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
