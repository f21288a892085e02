#include "lzs.h"

#include <algorithm>

namespace wolfguard {

namespace {

constexpr size_t kMaxOffset = 2047, kMaxShortOffset = 127;
constexpr unsigned kShortOffsetBits = 7, kLongOffsetBits = 11;
constexpr size_t kMinMatch = 2;
/** From this length on it is written in nibbles. */
constexpr size_t kLongMatch = 8;
constexpr unsigned kNibble = 15;
/** Older positions of the same two bytes that are looked at: each costs time, few win much. */
constexpr int kMaxProbes = 4;
/** A match of this length is taken without looking for a longer one. */
constexpr size_t kGoodMatch = 32;

class BitWriter {
 public:
  BitWriter(uint8_t* out, size_t capacity) : out_(out), capacity_(capacity) {}

  /** Up to 24 bits. */
  void put(uint32_t bits, unsigned count) {
    pending_ = pending_ << count | bits;
    waiting_ += count;
    if (waiting_ < 32) return;
    waiting_ -= 32;
    if (size_ + 4 <= capacity_) store32(out_ + size_, static_cast<uint32_t>(pending_ >> waiting_));
    size_ += 4;
  }
  void put_length(size_t length) {
    if (length < 5) {
      put(static_cast<uint32_t>(length - kMinMatch), 2);
    } else if (length < kLongMatch) {
      put(static_cast<uint32_t>(0b1100 + length - 5), 4);
    } else {
      put(kNibble, 4);
      for (length -= kLongMatch; length >= kNibble; length -= kNibble) put(kNibble, 4);
      put(static_cast<uint32_t>(length), 4);
    }
  }
  /** The size of the stream, 0 = it did not fit. */
  size_t finish() {
    put(0b11u << kShortOffsetBits, 2 + kShortOffsetBits);
    put(0, 7);  // what is beyond a whole byte then is left out
    for (; waiting_ >= 8; size_++) {
      waiting_ -= 8;
      if (size_ < capacity_) out_[size_] = static_cast<uint8_t>(pending_ >> waiting_);
    }
    return size_ <= capacity_ ? size_ : 0;
  }
  bool full() const { return size_ >= capacity_; }

 private:
  uint8_t* out_;
  size_t capacity_, size_ = 0;
  uint64_t pending_ = 0;
  unsigned waiting_ = 0;
};

class BitReader {
 public:
  explicit BitReader(ByteView input) : input_(input) {}

  /** Up to 24 bits; zeros behind the end, which overrun() tells. */
  uint32_t get(unsigned count) {
    const uint32_t bits = peek(count);
    held_ -= count;
    return bits;
  }
  /** The same bits come again. */
  uint32_t peek(unsigned count) {
    if (held_ < count) refill();
    return static_cast<uint32_t>(pending_ >> (held_ - count)) & ((1u << count) - 1);
  }
  /** More has been read than there is. */
  bool overrun() const { return at_ * 8 - held_ > input_.size() * 8; }

 private:
  void refill() {
    if (at_ + 4 <= input_.size()) {
      pending_ = pending_ << 32 | load32(input_.data() + at_);
      at_ += 4;
      held_ += 32;
      return;
    }
    for (int i = 0; i < 4; i++, at_++, held_ += 8) {
      pending_ = pending_ << 8 | (at_ < input_.size() ? input_[at_] : 0);
    }
  }

  ByteView input_;
  size_t at_ = 0;
  uint64_t pending_ = 0;
  unsigned held_ = 0;
};

/** 0: longer than `limit`. */
size_t read_length(BitReader* bits, size_t limit) {
  const uint32_t first = bits->get(2);
  if (first < 3) return kMinMatch + first;
  const uint32_t second = bits->get(2);
  if (second < 3) return 5 + second;
  size_t length = kLongMatch;
  for (uint32_t nibble = kNibble; nibble == kNibble && length <= limit;) {
    nibble = bits->get(4);
    length += nibble;
  }
  return length <= limit ? length : 0;
}

size_t common_length(const uint8_t* a, const uint8_t* b, size_t limit) {
  size_t length = 0;
  for (; length + 8 <= limit; length += 8) {
    uint64_t left, right;
    memcpy(&left, a + length, 8);
    memcpy(&right, b + length, 8);
    if (left != right) return length + static_cast<size_t>(__builtin_ctzll(left ^ right)) / 8;
  }
  while (length < limit && a[length] == b[length]) length++;
  return length;
}

}  // namespace

size_t LzsCompressor::compress(ByteView input, uint8_t* out, size_t capacity) {
  if (input.size() > kMaxInput) return 0;
  head_.fill(0);
  BitWriter bits(out, capacity);
  for (size_t at = 0; at < input.size();) {
    if (bits.full()) return 0;
    const Match match = find(input, at);
    if (match.length < kMinMatch) {
      bits.put(input[at], 9);
      remember(input, at++);
      continue;
    }
    const bool near = match.offset <= kMaxShortOffset;
    const unsigned offset_bits = near ? kShortOffsetBits : kLongOffsetBits;
    bits.put((near ? 0b11u : 0b10u) << offset_bits | static_cast<uint32_t>(match.offset),
             2 + offset_bits);
    bits.put_length(match.length);
    for (const size_t end = at + match.length; at < end;) remember(input, at++);
  }
  return bits.finish();
}

size_t LzsCompressor::hash(const uint8_t* two_bytes) {
  return (load16(two_bytes) * 0x9e3779b1u) >> (32 - kHashBits);
}

void LzsCompressor::remember(ByteView input, size_t at) {
  if (at + kMinMatch > input.size()) return;
  uint16_t& head = head_[hash(input.data() + at)];
  previous_[at] = head;
  head = static_cast<uint16_t>(at + 1);
}

LzsCompressor::Match LzsCompressor::find(ByteView input, size_t at) const {
  Match best;
  const size_t left = input.size() - at;
  if (left < kMinMatch) return best;
  const uint8_t* here = input.data() + at;
  size_t candidate = head_[hash(here)];
  for (int i = 0; i < kMaxProbes && candidate != 0; i++, candidate = previous_[candidate - 1]) {
    const size_t from = candidate - 1;
    if (at - from > kMaxOffset) break;
    const uint8_t* there = input.data() + from;
    // Another pair of bytes of the same hash, or no longer than what we have.
    if (load16(there) != load16(here) || there[best.length] != here[best.length]) continue;
    const size_t length = common_length(there, here, left);
    if (length > best.length) best = {at - from, length};
    if (best.length >= std::min(kGoodMatch, left)) break;
  }
  return best;
}

size_t lzs_decompress(ByteView input, uint8_t* out, size_t capacity) {
  BitReader bits(input);
  size_t size = 0;
  while (!bits.overrun()) {
    if (const uint32_t byte = bits.peek(9); byte < 0x100) {
      bits.get(9);
      if (size == capacity) return 0;
      out[size++] = static_cast<uint8_t>(byte);
      continue;
    }
    bits.get(1);
    const bool near = bits.get(1) == 1;
    const size_t offset = bits.get(near ? kShortOffsetBits : kLongOffsetBits);
    if (near && offset == 0) return bits.overrun() ? 0 : size;
    if (offset == 0 || offset > size) return 0;
    const size_t length = read_length(&bits, capacity - size);
    if (length == 0 || length > capacity - size) return 0;
    // Byte by byte: a copy may reach into what it writes.
    for (size_t i = 0; i < length; i++, size++) out[size] = out[size - offset];
  }
  return 0;
}

}  // namespace wolfguard
