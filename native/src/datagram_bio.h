// OpenSSL's DTLS over datagrams in memory, for both ends of a handshake: one datagram goes in at a
// time, and each that it sends comes out whole.
#pragma once

#include <openssl/ssl.h>

#include <cstddef>
#include <cstdint>

namespace wolfguard {

class DatagramBio {
 public:
  DatagramBio(const DatagramBio&) = delete;
  DatagramBio& operator=(const DatagramBio&) = delete;

 protected:
  DatagramBio() = default;
  ~DatagramBio() = default;

  /** Makes this the only way in and out of `ssl`, which must not outlive it; false: no memory. */
  bool attach(SSL* ssl);
  /** What OpenSSL reads next, once; the bytes must live until it has, or until drop_input. */
  void set_input(const uint8_t* datagram, size_t size);
  void drop_input() { input_size_ = 0; }
  /** The first sequence number of epoch 1 that OpenSSL's own records have not used. */
  uint64_t next_sequence() const { return next_sequence_; }

 private:
  virtual void on_output(const uint8_t* datagram, size_t size) = 0;
  static BIO_METHOD* method();
  static int write(BIO* bio, const char* data, int size);
  static int read(BIO* bio, char* out, int size);
  static long control(BIO* bio, int command, long number, void* pointer);
  void note_epoch1_records(const uint8_t* datagram, size_t size);

  const uint8_t* input_ = nullptr;
  size_t input_size_ = 0;
  uint64_t next_sequence_ = 1;
};

}  // namespace wolfguard
