// Our end of the byte stream that JavaScript reads its requests from and writes its answers to.
#pragma once

#include "bytes.h"
#include "fd.h"
#include "tls_stream.h"

namespace wolfguard {

class Relay {
 public:
  /** Gives the other end; none when there is no descriptor left. */
  Fd open();
  bool is_open() const { return end_.valid(); }
  int fd() const { return end_.get(); }
  /** Ours from here on, until JavaScript closes its own. */
  Fd take() { return std::move(end_); }

  /** Plaintext for JavaScript, in order; `send` passes it on. */
  void queue(const uint8_t* data, size_t size) {
    waiting_.insert(waiting_.end(), data, data + size);
  }
  /** As much as fits. */
  void send();
  /** After the last bytes of all: JavaScript sees the end of the stream. */
  void end_when_sent();
  const Bytes& waiting() const { return waiting_; }
  uint64_t passed_bytes() const { return passed_bytes_; }

  /**
   * What JavaScript has written becomes records; false: the connection is over. `all`: everything,
   * whatever the socket takes; else only while it takes it.
   */
  bool read(TlsStream& tls, int socket, Bytes& buffer, bool all);

  /** JavaScript has said its last and all of it has been read. */
  bool script_ended() const { return script_ended_; }
  /** JavaScript reads no more; what it wrote before may still be on its way. */
  bool script_deaf() const { return script_deaf_; }

 private:
  Fd end_;
  Bytes waiting_;
  uint64_t passed_bytes_ = 0;
  bool script_ended_ = false, script_deaf_ = false;
};

}  // namespace wolfguard
