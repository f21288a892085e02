// The TLS records of a tunnel: sealing and opening, whoever does it. Ours (own_records.h) as soon
// as the keys can be had, OpenSSL's (openssl_records.h) for everything else.
//
//   received bytes ──feed──► read ──► text, in place, one record at a time
//   text ──seal──► SendBuffer
#pragma once

#include <cstddef>
#include <span>

#include "bytes.h"
#include "send_buffer.h"

namespace wolfguard {

inline constexpr size_t kTlsHeaderSize = 5;
/** The longest text of a record [rfc8446 5.1]. */
inline constexpr size_t kMaxTlsText = 16384;
/** The longest record that TLS 1.2 allows [rfc5246 6.2.3]; those of TLS 1.3 are shorter. */
inline constexpr size_t kMaxTlsRecord = kTlsHeaderSize + kMaxTlsText + 2048;

class TlsRecords {
 public:
  enum class Status {
    kText,
    /** All that was fed is used up. */
    kAgain,
    /** The peer has said goodbye. */
    kClosed,
    /** Forged or against the protocol: over. take_answer has the alert. */
    kFailed,
  };

  virtual ~TlsRecords() = default;

  /**
   * Received bytes for the next read()s. They and the kMaxTlsRecord bytes in front of them are ours
   * to change until the caller uses them again; texts live as long.
   */
  virtual void feed(uint8_t* data, size_t size) = 0;
  /** kText: the next record's text, never empty. */
  virtual Status read(std::span<uint8_t>* text) = 0;

  /** Appends one record for at most kMaxTlsText bytes. false: nothing can be sealed any more. */
  virtual bool seal(ByteView text, SendBuffer* out) = 0;
  /** There is something to be said beside text: an alert, a KeyUpdate. */
  virtual bool has_answer() const = 0;
  virtual void take_answer(SendBuffer* out) = 0;
  /**
   * TLS 1.3: with the next record or answer our keys change and the client is asked to change its
   * own; so cheap that it may be said at any time. Nothing for TLS 1.2.
   */
  virtual void renew_keys() = 0;
  /** Appends a close_notify, or the alert of what has failed. */
  virtual void seal_goodbye(SendBuffer* out) = 0;
};

}  // namespace wolfguard
