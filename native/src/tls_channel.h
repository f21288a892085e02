// A tunnel's TLS connection on the packet thread: records, what is on its way out, and what waits
// for a peer that takes less than it is sent.
//
//   frame ──► records ──► SendBuffer ──flush──► socket
//      └─► backlog, while the socket takes no more ─┘
#pragma once

#include "backlog.h"
#include "tls_records.h"
#include "tls_stream.h"

namespace wolfguard {

class TlsChannel {
 public:
  /**
   * From a connection whose handshake is done, with all that OpenSSL has not read or sent. Its
   * records become our own where that can be. `fd` stays the caller's.
   */
  static std::unique_ptr<TlsChannel> take_over(std::unique_ptr<TlsStream> stream, int fd);
  TlsChannel(std::unique_ptr<TlsRecords> records, SendBuffer unsent, int fd)
      : records_(std::move(records)), output_(std::move(unsent)), fd_(fd) {}

  /** For reading. */
  TlsRecords& records() { return *records_; }

  /** Text of any length, before any frame. */
  bool send_text(ByteView text);
  /** One record. How many data frames had to go for it: older ones, or this if all is lost. */
  size_t send_data(ByteView frame);
  /** One record, never dropped. */
  void send_control(ByteView frame);
  /** Calls give(frame) for the data that waits, oldest first; it will not be sent. */
  template <typename Give>
  void take_waiting_data(Give&& give) {
    if (backlog_) backlog_->take_data(give);
  }
  /** The last word; data that waits is dropped. */
  void shut_down();

  /** Sends as much as the socket takes. false: the connection is broken. */
  bool flush();
  /** The socket has refused bytes: a flush is of use only when it says that it has room. */
  bool full() const { return full_; }
  /** Something is still to be sent. */
  bool has_output() const { return !output_.empty() || backlog_ != nullptr; }
  /**
   * The peer asks more than it takes answers: nothing should be read from it until it does, or
   * control frames would pile up without end.
   */
  bool overwhelmed() const;

 private:
  bool must_wait();
  bool seal(ByteView frame);
  bool send();

  std::unique_ptr<TlsRecords> records_;
  SendBuffer output_;
  std::unique_ptr<Backlog> backlog_;
  int fd_;
  bool full_ = false;
  bool broken_ = false;
};

}  // namespace wolfguard
