// One TLS connection on a non-blocking socket. OpenSSL never touches the socket: what was received
// is fed in, what is to be sent gathers in an output buffer and leaves in one send, so a batch of
// records costs one system call each way.
//
// OpenSSL gets whole records only; the beginning of one waits here for its rest. So at any moment
// the connection can be taken from it without leaving bytes inside.
#pragma once

#include <openssl/ssl.h>

#include <memory>

#include "send_buffer.h"
#include "tls_tap.h"

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
  /** Gathers a KeyUpdate that asks for the client's; nothing before TLS 1.3. */
  void renew_keys();
  /** Gathers a close_notify. */
  void shut_down();

  /** Sends what has gathered, as far as the socket takes it. false: the socket is broken. */
  bool flush(int fd) { return output_.send_to(fd) != SendBuffer::Sent::kBroken; }
  size_t pending_output() const { return output_.size(); }
  ByteView output() const { return output_.view(); }
  SendBuffer take_output() { return std::move(output_); }

  /** After kAgain: keys and record numbers, if they can be had. The stream may go on then. */
  std::optional<TlsSecrets> take_secrets() const;
  /** The beginning of a record that OpenSSL has not seen. */
  Bytes take_partial() { return std::move(partial_); }

  SSL* ssl() const { return ssl_.get(); }

 private:
  TlsStream() = default;
  static BIO_METHOD* bio_method();
  static int bio_write(BIO* bio, const char* data, int size);
  static int bio_read(BIO* bio, char* out, int size);
  static long bio_control(BIO* bio, int command, long number, void* pointer);

  size_t whole_records(const uint8_t* data, size_t size);

  TlsTap tap_;
  SslPtr ssl_;
  const uint8_t* input_ = nullptr;
  size_t input_size_ = 0;
  Bytes partial_, joined_;
  /** These are no records: OpenSSL got them as they came, to say what it thinks of them. */
  bool garbage_ = false;
  SendBuffer output_;
};

}  // namespace wolfguard
