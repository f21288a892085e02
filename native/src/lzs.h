// LZS [rfc1974 2.4, oc 9]: a stream of bits, most significant first.
//
//   0 bbbbbbbb                    a byte as it is
//   1 1 ooooooo length            a copy from 1 … 127 bytes back
//   1 0 ooooooooooo length        … from 1 … 2047 bytes back
//   1 1 0000000                   the end; zeros fill up the last byte
//
//   length: 2 00, 3 01, 4 10, 5 1100, 6 1101, 7 1110, from 8 on 1111 and nibbles: each 1111 adds
//   15, the last one what is left.
#pragma once

#include <array>
#include <memory>

#include "bytes.h"

namespace wolfguard {

class LzsCompressor {
 public:
  /** More is not tried: positions are kept in 16 bits, and no inside packet is larger. */
  static constexpr size_t kMaxInput = 16384;

  /** Writes the whole stream to `out`; its size, 0 = it does not fit `capacity`. */
  size_t compress(ByteView input, uint8_t* out, size_t capacity);

 private:
  struct Match {
    size_t offset = 0, length = 0;
  };

  Match find(ByteView input, size_t at) const;
  void remember(ByteView input, size_t at);

  /** Two bytes are worth a copy, so two bytes are looked up. */
  static constexpr size_t kHashBits = 11;
  static size_t hash(const uint8_t* two_bytes);

  /** The last position of each hash, and of each position the one before; plus 1, 0 = none. */
  std::array<uint16_t, size_t{1} << kHashBits> head_;
  std::array<uint16_t, kMaxInput> previous_;
};

/**
 * Reads a stream to its end mark; the size of what it holds. 0: it holds nothing, is no LZS, copies
 * from before its beginning, has no end, or holds more than `capacity`.
 */
size_t lzs_decompress(ByteView input, uint8_t* out, size_t capacity);

}  // namespace wolfguard
