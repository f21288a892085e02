// Compression of single packets [oc 9]: each by itself, so that a lost one costs only itself, and
// sent only when it has become smaller. Off unless an administrator wants it (docs/policy.md).
#pragma once

#include <memory>

#include "lzs.h"

namespace wolfguard {

enum class Compression : uint8_t { kNone, kLz4, kLzs };

/** What is smaller gains little and costs as much; ocserv draws the line here too [oc 9]. */
inline constexpr size_t kLeastCompressed = 256;

/** A thread's working memory; nothing of one packet is left in what becomes of the next. */
class Compressor {
 public:
  Compressor();
  ~Compressor();

  /** The size of what stands at `out` then; 0: it would be no smaller than the packet. */
  size_t compress(Compression algorithm, ByteView packet, uint8_t* out);

 private:
  struct Lz4;
  std::unique_ptr<Lz4> lz4_;
  std::unique_ptr<LzsCompressor> lzs_;
};

/** The size of the packet at `out`; 0: nothing sound, or more than `capacity`. */
size_t decompress(Compression algorithm, ByteView input, uint8_t* out, size_t capacity);

/**
 * Whether a packet is worth trying. A flow that is encrypted or compressed already never gets
 * smaller: after some failures in a row only every sixteenth packet is tried.
 */
class CompressionYield {
 public:
  bool worth_trying() { return failures_ < kPatience || ++skipped_ % kTryEvery == 0; }
  void tried(bool smaller) {
    if (smaller) failures_ = 0;
    if (!smaller && failures_ < kPatience) failures_++;
  }

 private:
  static constexpr uint8_t kPatience = 16, kTryEvery = 16;
  uint8_t failures_ = 0, skipped_ = 0;
};

}  // namespace wolfguard
