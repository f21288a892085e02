// One TLS connection on a non-blocking socket. OpenSSL never touches the socket: what was received
// is fed in, what is to be sent gathers in an output buffer and leaves in one send, so a batch of
// records costs one system call each way.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "bytes.h"

namespace wolfguard {

struct SslDeleter {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};
using SslPtr = std::unique_ptr<SSL, SslDeleter>;

class TlsStream {
 public:
  enum class Status { kDone, kAgain, kClosed, kFailed };

  /** A server side of that context; nullptr when OpenSSL is out of memory. */
  static std::unique_ptr<TlsStream> create(SSL_CTX* context);
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;
  ~TlsStream();

  /** What the next handshake() or read() may consume; the bytes must live until it says kAgain. */
  void feed(const uint8_t* data, size_t size);

  Status handshake();
  /** kDone: *got > 0 bytes of plaintext. kAgain: all that was fed is used up. */
  Status read(uint8_t* out, size_t size, size_t* got);
  /** One TLS record for up to 16 KiB. Never blocks: it only gathers. */
  bool write(const uint8_t* data, size_t size);
  /** Gathers a close_notify. */
  void shut_down();

  /** Sends what has gathered, as far as the socket takes it. false: the socket is broken. */
  bool flush(int fd);
  size_t pending_output() const { return output_.size() - sent_; }

  SSL* ssl() const { return ssl_.get(); }

 private:
  TlsStream() = default;
  static BIO_METHOD* bio_method();
  static int bio_write(BIO* bio, const char* data, int size);
  static int bio_read(BIO* bio, char* out, int size);
  static long bio_control(BIO* bio, int command, long number, void* pointer);

  SslPtr ssl_;
  const uint8_t* input_ = nullptr;
  size_t input_size_ = 0;
  Bytes output_;
  size_t sent_ = 0;
};

}  // namespace wolfguard
