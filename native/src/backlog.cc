#include "backlog.h"

#include <vector>

namespace wolfguard {

namespace {

/** Rings of peers that have caught up, for the next one that falls behind. */
constexpr size_t kSpareRings = 4;
using Ring = std::unique_ptr<uint8_t[]>;
/** All backlogs of an engine live on its packet thread. */
thread_local size_t waiting = 0;

std::vector<Ring>& spare_rings() {
  static thread_local std::vector<Ring> spares;
  return spares;
}

}  // namespace

Backlog::Backlog() {
  std::vector<Ring>& spares = spare_rings();
  if (spares.empty()) {
    ring_ = std::make_unique_for_overwrite<uint8_t[]>(kDataBytes);
  } else {
    ring_ = std::move(spares.back());
    spares.pop_back();
  }
}

Backlog::~Backlog() {
  waiting -= bytes_;
  if (spare_rings().size() < kSpareRings) spare_rings().push_back(std::move(ring_));
}

size_t Backlog::add_data(ByteView frame) {
  const size_t needed = sizeof(uint16_t) + frame.size();
  size_t dropped = 0;
  while (free_behind() < needed) {
    // The ring's end is too short for it, but its start may do.
    if (tail_ >= head_ && head_ > needed) {
      if (tail_ + sizeof(uint16_t) <= kDataBytes) store16(&ring_[tail_], kWrap);
      tail_ = 0;
    } else {
      pop_data();
      dropped++;
    }
  }
  store16(&ring_[tail_], static_cast<uint16_t>(frame.size()));
  memcpy(&ring_[tail_ + sizeof(uint16_t)], frame.data(), frame.size());
  tail_ += needed;
  frames_++;
  bytes_ += frame.size();
  waiting += frame.size();
  return dropped;
}

/** Without a gap, and never so that a full ring looks empty. */
size_t Backlog::free_behind() const {
  return tail_ >= head_ ? kDataBytes - tail_ : head_ - tail_ - 1;
}

void Backlog::add_control(ByteView frame) {
  uint8_t size[sizeof(uint16_t)];
  store16(size, static_cast<uint16_t>(frame.size()));
  control_.insert(control_.end(), size, size + sizeof size);
  control_.insert(control_.end(), frame.begin(), frame.end());
}

size_t Backlog::waiting_bytes() { return waiting; }

void Backlog::drop_data() {
  waiting -= bytes_;
  head_ = tail_ = frames_ = bytes_ = 0;
}

ByteView Backlog::front() const {
  if (control_bytes() == 0) return data_front();
  const uint8_t* at = &control_[control_at_];
  return {at + sizeof(uint16_t), load16(at)};
}

void Backlog::pop() {
  if (control_bytes() == 0) {
    pop_data();
    return;
  }
  control_at_ += sizeof(uint16_t) + load16(&control_[control_at_]);
  if (control_bytes() > 0) return;
  control_.clear();
  control_at_ = 0;
}

void Backlog::pop_data() {
  const size_t size = load16(&ring_[head_]);
  bytes_ -= size;
  waiting -= size;
  head_ += sizeof(uint16_t) + size;
  if (--frames_ == 0) {
    head_ = tail_ = 0;
  } else if (head_ + sizeof(uint16_t) > kDataBytes || load16(&ring_[head_]) == kWrap) {
    head_ = 0;
  }
}

}  // namespace wolfguard
