// When the packet thread rests for a moment before it looks at its sockets again. The quieter the
// machine, the sooner it is woken and the less it finds: an upload that comes datagram by datagram
// is then mostly waking up. While much comes in little pieces, a rest lets them gather. Trains that
// the kernel has joined are large enough by themselves. Pure: the caller counts, rests and looks.
#pragma once

#include <cstddef>
#include <cstdint>

namespace wolfguard {

class Gathering {
 public:
  /** So long may a packet wait for others; the kernel's timers add up to 50 us. */
  static constexpr int64_t kRestNs = 100'000;

  /** So many bytes of datagrams have been read. */
  void add(size_t bytes) { look_bytes_ += bytes; }

  /** All that was ready has been read: should the thread rest before the next look? */
  bool end_look(int64_t now_ms) {
    const int64_t window = now_ms - window_ms_;
    if (window >= kWindowMs) {
      bulk_ = window_bytes_ >= kBulkBytesPerMs * static_cast<size_t>(window);
      window_ms_ = now_ms;
      window_bytes_ = 0;
    }
    window_bytes_ += look_bytes_;
    if (window_bytes_ >= kBulkBytesPerMs * kWindowMs) bulk_ = true;
    const bool little_pieces = look_bytes_ >= kPairBytes && look_bytes_ < kTrainBytes;
    look_bytes_ = 0;
    return bulk_ && little_pieces;
  }

 private:
  /** 260 Mbit/s. Less is cheap enough without. */
  static constexpr size_t kBulkBytesPerMs = 32 << 10;
  static constexpr int64_t kWindowMs = 8;
  /** More than one datagram of the usual size: one alone gathers with nobody. */
  static constexpr size_t kPairBytes = 2 << 10;
  /** Nearly a full train, or as much in datagrams: worth a look of its own. */
  static constexpr size_t kTrainBytes = 48 << 10;

  size_t look_bytes_ = 0, window_bytes_ = 0;
  int64_t window_ms_ = 0;
  bool bulk_ = false;
};

}  // namespace wolfguard
