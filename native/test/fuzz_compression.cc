#include "fuzz_compression.h"

#include <memory>

#include "compression.h"
#include "fuzz_packets.h"
#include "mutate.h"

namespace wolfguard::fuzz {

namespace {

/** Repeats itself now and then, at any distance. */
Bytes any_text(Random& random) {
  Bytes text = random.bytes(1 + random.below(80));
  const size_t size = 1 + random.below(random.one_in(16) ? 16376 : 1600);
  const bool noisy = random.one_in(3);
  while (text.size() < size) {
    const size_t from = random.below(text.size()), length = 1 + random.below(300);
    for (size_t i = 0; i < length; i++) text.push_back(text[from + i]);
    if (noisy) text.push_back(random.byte());
  }
  text.resize(size);
  return text;
}

}  // namespace

int fuzz_compression(Random& random) {
  static Compressor compressor;
  const Compression algorithm = random.one_in(2) ? Compression::kLz4 : Compression::kLzs;
  const auto compressed = [&](const Bytes& text) {
    Bytes out(text.size());
    out.resize(compressor.compress(algorithm, text, out.data()));
    require(out.size() < text.size(), "what was compressed is no smaller");
    return out;
  };
  const Bytes text = any_text(random);
  const Bytes sound = compressed(text);
  // On the heap and of their exact sizes: the sanitizer sees the first byte beyond.
  const size_t capacity = random.one_in(2) ? text.size() : random.below(2 * text.size());
  const auto out = std::make_unique<uint8_t[]>(capacity);
  const size_t size = decompress(algorithm, sound, out.get(), capacity);
  if (!sound.empty() && capacity >= text.size()) {
    require(size == text.size() && memcmp(out.get(), text.data(), size) == 0,
            "what was decompressed is not what was compressed");
  }
  const bool noise = sound.empty() || random.one_in(8);
  Bytes bad =
      noise ? random.bytes(random.below(200)) : mutate(random, sound, compressed(any_text(random)));
  bad.shrink_to_fit();
  require(decompress(algorithm, bad, out.get(), capacity) <= capacity, "more than there is room");
  return 2;
}

}  // namespace wolfguard::fuzz
