#include "compression.h"

#define LZ4_STATIC_LINKING_ONLY
#include <lz4.h>

namespace wolfguard {

namespace {

/** LZ4's own default; more makes it faster and what comes out larger. */
constexpr int kAcceleration = 1;

char* chars(uint8_t* bytes) { return reinterpret_cast<char*>(bytes); }
const char* chars(const uint8_t* bytes) { return reinterpret_cast<const char*>(bytes); }

}  // namespace

/** Made once: clearing its 16 KiB for every packet would cost more than compressing it. */
struct Compressor::Lz4 {
  Lz4() { LZ4_initStream(&stream, sizeof stream); }
  LZ4_stream_t stream;
};

Compressor::Compressor() = default;
Compressor::~Compressor() = default;

size_t Compressor::compress(Compression algorithm, ByteView packet, uint8_t* out) {
  if (packet.empty()) return 0;
  const size_t capacity = packet.size() - 1;
  switch (algorithm) {
    case Compression::kNone:
      return 0;
    case Compression::kLz4:
      if (!lz4_) lz4_ = std::make_unique<Lz4>();
      return static_cast<size_t>(LZ4_compress_fast_extState_fastReset(
          &lz4_->stream, chars(packet.data()), chars(out), static_cast<int>(packet.size()),
          static_cast<int>(capacity), kAcceleration));
    case Compression::kLzs:
      if (!lzs_) lzs_ = std::make_unique<LzsCompressor>();
      return lzs_->compress(packet, out, capacity);
  }
  return 0;
}

size_t decompress(Compression algorithm, ByteView input, uint8_t* out, size_t capacity) {
  switch (algorithm) {
    case Compression::kNone:
      return 0;
    case Compression::kLz4: {
      const int size =
          LZ4_decompress_safe(chars(input.data()), chars(out), static_cast<int>(input.size()),
                              static_cast<int>(capacity));
      return size > 0 ? static_cast<size_t>(size) : 0;
    }
    case Compression::kLzs:
      return lzs_decompress(input, out, capacity);
  }
  return 0;
}

}  // namespace wolfguard
