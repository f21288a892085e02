// Gives back what a burst of handshakes leaves behind: OpenSSL takes 20 KiB for each connection and
// 122 KiB for each DTLS handshake, and what lives on between them keeps malloc from returning the
// pages. Between bursts and not in them: it holds malloc's locks for milliseconds.
#pragma once

#include <cstdint>

namespace wolfguard {

class HeapTrim {
 public:
  /** Long enough for the DTLS handshakes that follow the logins. */
  static constexpr int64_t kQuietMs = 5000;

  /** A handshake begins. */
  void note(int64_t now_ms) { due_ms_ = now_ms + kQuietMs; }
  /** There is something to give back: check() wants to be called again. */
  bool pending() const { return due_ms_ != 0; }
  /** Trims when it has been quiet for long enough; whether it did. */
  bool check(int64_t now_ms);

 private:
  int64_t due_ms_ = 0;
};

}  // namespace wolfguard
