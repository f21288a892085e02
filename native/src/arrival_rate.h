// How many connections a second one source may begin, over all workers of the server together. Each
// worker sees its share of a source's connections, as the kernel deals them out: it grants its part
// of the rate, and at first as many as the source may have in a second, since the shares are never
// quite equal.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "endpoint.h"

namespace wolfguard {

class ArrivalRate {
 public:
  /** Of sources at a time; one more makes the one forgotten that has the most left. */
  static constexpr size_t kSources = 16384;

  /** 0 = no limit; then the table is gone. All sources begin anew. */
  void configure(uint32_t per_second, uint32_t workers);
  /** May this source, as source_of() makes it, begin another? Then it has. */
  bool take(const Address& source, int64_t now_ms);

 private:
  static constexpr size_t kWays = 4, kSets = kSources / kWays;
  /** A bucket of connections, in parts of kMsPerSecond * workers_: it fills without a remainder. */
  struct Entry {
    Address source{};
    int64_t level = 0, filled_ms = -1;
  };
  using Set = std::array<Entry, kWays>;

  static size_t set_of(const Address& source);
  Entry& entry_of(const Address& source, int64_t now_ms);
  void fill(Entry& entry, int64_t now_ms) const;

  static constexpr int64_t kMsPerSecond = 1000;
  int64_t per_second_ = 0, workers_ = 1;
  std::unique_ptr<std::array<Set, kSets>> sets_;
};

}  // namespace wolfguard
