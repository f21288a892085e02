#include "ack_filter.h"

#include <array>

#include "bytes.h"

namespace wolfguard {

namespace {

constexpr size_t kTcpHeaderSize = 20;
constexpr uint8_t kEndOfOptions = 0, kNoOperation = 1, kSack = 5, kTimestamps = 8;

struct Block {
  uint32_t left, right;
};

struct Ack {
  uint32_t sequence, acknowledged;
  bool has_timestamps = false;
  uint32_t timestamp = 0;
  std::array<Block, 4> blocks;
  size_t block_count = 0;
};

/** Sequence numbers wrap [rfc9293 3.4]. */
bool before(uint32_t a, uint32_t b) { return static_cast<int32_t>(a - b) < 0; }

bool inside(const Block& inner, const Block& outer) {
  return !before(inner.left, outer.left) && !before(outer.right, inner.right);
}

/** false: an option whose meaning is not known here, or broken ones. */
bool read_options(const uint8_t* tcp, size_t size, Ack* ack) {
  size_t at = kTcpHeaderSize;
  while (at < size && tcp[at] != kEndOfOptions) {
    if (tcp[at] == kNoOperation) {
      at++;
      continue;
    }
    if (at + 2 > size) return false;
    const uint8_t kind = tcp[at], length = tcp[at + 1];
    if (length < 2 || at + length > size) return false;
    if (kind == kTimestamps && length == 10) {
      ack->has_timestamps = true;
      ack->timestamp = load32(tcp + at + 2);
    } else if (kind == kSack && length % 8 == 2 && ack->block_count == 0) {
      for (size_t block = at + 2; block < at + length; block += 8) {
        if (ack->block_count == ack->blocks.size()) return false;
        ack->blocks[ack->block_count++] = {load32(tcp + block), load32(tcp + block + 4)};
      }
    } else {
      return false;
    }
    at += length;
  }
  return true;
}

bool read(const uint8_t* tcp, size_t size, Ack* ack) {
  if (size < kTcpHeaderSize) return false;
  ack->sequence = load32(tcp + 4);
  ack->acknowledged = load32(tcp + 8);
  return read_options(tcp, size, ack);
}

/** The first block repeats what had already come [rfc2883 4]: nothing later says that again. */
bool reports_duplicate(const Ack& ack) {
  if (ack.block_count == 0) return false;
  const Block& first = ack.blocks[0];
  return before(first.left, ack.acknowledged) ||
         (ack.block_count > 1 && inside(first, ack.blocks[1]));
}

bool covers(const Ack& newer, const Block& block) {
  if (!before(newer.acknowledged, block.right)) return true;
  for (size_t i = 0; i < newer.block_count; i++) {
    if (inside(block, newer.blocks[i])) return true;
  }
  return false;
}

}  // namespace

bool supersedes(const uint8_t* newer, size_t newer_size, const uint8_t* older, size_t older_size) {
  Ack now, was;
  if (!read(newer, newer_size, &now) || !read(older, older_size, &was)) return false;
  if (now.sequence != was.sequence || !before(was.acknowledged, now.acknowledged)) return false;
  if (now.has_timestamps != was.has_timestamps || before(now.timestamp, was.timestamp)) {
    return false;
  }
  if (reports_duplicate(was)) return false;
  for (size_t i = 0; i < was.block_count; i++) {
    if (!covers(now, was.blocks[i])) return false;
  }
  return true;
}

}  // namespace wolfguard
