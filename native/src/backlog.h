// What waits for a slow TLS peer: whole frames in clear text, so that they can still be dropped.
// Sealed records could not: the peer's record numbers would break.
//
// Data frames stand in a ring; when it is full the oldest go, which is the news that their senders
// need soonest. Control frames are few, go first and are never dropped.
#pragma once

#include <memory>

#include "bytes.h"

namespace wolfguard {

class Backlog {
 public:
  /** About 50 ms at 40 Mbit/s: more would only be delay. */
  static constexpr size_t kDataBytes = 256 << 10;

  Backlog();
  ~Backlog();

  /** How many older frames had to go. At most 16 KiB. */
  size_t add_data(ByteView frame);
  void add_control(ByteView frame);
  /** Of data frames in all backlogs of this thread. */
  static size_t waiting_bytes();
  /** Forgets the data frames. */
  void drop_data();
  /** Calls give(frame) for each data frame, oldest first, and forgets them. */
  template <typename Give>
  void take_data(Give&& give) {
    for (; frames_ > 0; pop_data()) give(data_front());
  }

  bool empty() const { return control_.size() == control_at_ && frames_ == 0; }
  size_t control_bytes() const { return control_.size() - control_at_; }
  /** The frame whose turn it is; lives until pop(). Only when not empty. */
  ByteView front() const;
  void pop();

 private:
  ByteView data_front() const { return {&ring_[head_ + sizeof(uint16_t)], load16(&ring_[head_])}; }
  size_t free_behind() const;
  void pop_data();

  /** In the ring each frame follows its length (2 bytes); kWrap sends on to the ring's start. */
  static constexpr uint16_t kWrap = 0xffff;
  std::unique_ptr<uint8_t[]> ring_;
  size_t head_ = 0, tail_ = 0, frames_ = 0, bytes_ = 0;
  Bytes control_;
  size_t control_at_ = 0;
};

}  // namespace wolfguard
