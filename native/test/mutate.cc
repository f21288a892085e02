#include "mutate.h"

#include <algorithm>
#include <iterator>

namespace wolfguard::fuzz {

namespace {

/** What length fields are wrong about: nothing, one, signs, all ones, just beyond a limit. */
constexpr uint16_t kInteresting[] = {0,     1,     7,    8,      12,     13,     20,
                                     40,    255,   256,  16375,  16376,  16377,  16384,
                                     32767, 32768, 0xff, 0xfefd, 0xfeff, 0xfffe, 0xffff};

ptrdiff_t at(size_t index) { return static_cast<ptrdiff_t>(index); }

void change(Random& random, const Bytes& other, Bytes* data) {
  const size_t size = data->size();
  if (size == 0) {
    *data = random.bytes(random.below(32));
    return;
  }
  const size_t where = random.below(size);
  switch (random.below(9)) {
    case 0:
      (*data)[where] ^= static_cast<uint8_t>(1 << random.below(8));
      break;
    case 1:
      (*data)[where] = random.byte();
      break;
    case 2:
      if (size >= 2) {
        store16(&(*data)[std::min(where, size - 2)],
                kInteresting[random.below(std::size(kInteresting))]);
      }
      break;
    case 3:  // a length that is off by a little
      (*data)[where] = static_cast<uint8_t>((*data)[where] + random.below(9) - 4);
      break;
    case 4:
      data->resize(where);
      break;
    case 5:
      data->erase(data->begin() + at(where),
                  data->begin() + at(where + random.below(std::min<size_t>(size - where, 64) + 1)));
      break;
    case 6: {
      const Bytes more = random.bytes(random.below(64));
      data->insert(data->begin() + at(where), more.begin(), more.end());
      break;
    }
    case 7: {  // the same piece again
      const size_t length = random.below(std::min<size_t>(size - where, 256) + 1);
      const Bytes piece(data->begin() + at(where), data->begin() + at(where + length));
      data->insert(data->begin() + at(where), piece.begin(), piece.end());
      break;
    }
    default: {
      const size_t from = random.below(other.size() + 1);
      data->resize(where);
      data->insert(data->end(), other.begin() + at(from), other.end());
    }
  }
}

}  // namespace

Bytes mutate(Random& random, const Bytes& good, const Bytes& other) {
  Bytes data = good;
  for (size_t i = 1 + random.below(4); i > 0; i--) change(random, other, &data);
  // What is longer than any datagram or record would only test the allocator.
  if (data.size() > 20000) data.resize(20000);
  data.shrink_to_fit();  // its own block of its own size: the sanitizer guards both ends
  return data;
}

}  // namespace wolfguard::fuzz
