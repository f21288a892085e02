// Random numbers that a seed repeats exactly, on every machine.
#pragma once

#include <cstdint>

#include "bytes.h"

namespace wolfguard {

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  /** SplitMix64: passes the usual tests and fits in four lines. */
  uint64_t next() {
    uint64_t z = state_ += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  /** 0 … limit - 1; 0 when limit is 0. */
  size_t below(size_t limit) { return limit == 0 ? 0 : next() % limit; }
  bool one_in(size_t n) { return below(n) == 0; }
  uint8_t byte() { return static_cast<uint8_t>(next()); }
  Bytes bytes(size_t size) {
    Bytes out(size);
    for (uint8_t& b : out) b = byte();
    return out;
  }

 private:
  uint64_t state_;
};

}  // namespace wolfguard
