// How fast one tunnel may be in one direction, by both channels together: a bucket of bytes that
// fills at that rate. A packet that finds too few in it is dropped, and nothing waits.
//
// TCP bears single losses well and a wall badly: who loses all that is under way is silent for its
// time-out. So the emptier half of the bucket warns: the emptier it is, the more packets of those
// that could pass are dropped, one in eight at the most, as a router with early detection does
// [rfc2309 3]. Senders slow down before the wall.
//
// One flow that does not slow down would leave nothing to the others. So what comes in is dealt out
// to the flows that were there of late, to each the same; what one does not want, the others get:
//
//   rate ──► reserve of each flow that is not full yet ──► pool, which any flow may take from
//
// Flows are told apart by their hash; of more than there is room for, some share what is one's.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace wolfguard {

class RateLimit {
 public:
  /**
   * What may come at once when nothing came before. A TCP that is silent for its time-out all the
   * same (Linux: 200 ms and more) may catch up on that afterwards, or it would stay below its rate.
   * It is many times what the coarse clock may be behind (10 ms).
   */
  static constexpr int64_t kBurstMs = 250;
  /**
   * And never less than two super-packets: TCP sends so much in one go on a slow link too. At
   * 1 Mbit/s that is a second, because there several time-outs in a row are usual, each twice as
   * long as the one before.
   */
  static constexpr int64_t kLeastBurst = 128 << 10;
  /** Told apart at a time. */
  static constexpr size_t kFlows = 64;

  /** The bucket is full. */
  RateLimit(int64_t bytes_per_second, int64_t now_ms);

  /**
   * May a packet of that size pass now? Then it has. `flow`: its flow_hash. The clock may be a
   * wake-up's.
   */
  bool take(size_t size, uint32_t flow, int64_t now_ms);

 private:
  /** A bit for each. */
  using Flows = uint64_t;

  size_t place_of(uint32_t flow);
  void fill(int64_t now_ms);
  void forget_idle(int64_t now_ms);
  int64_t deal(int64_t income, Flows flows, int64_t most);
  bool warns(size_t size, size_t flow, int64_t level);

  int64_t rate_, most_, filled_ms_, turned_ms_;
  /** All in thousandths of a byte: a slow rate loses nothing when it is looked at often. */
  int64_t pool_;
  /** What each flow may have for itself at the most. */
  int64_t most_reserve_;
  std::array<int64_t, kFlows> reserves_{};
  /** The flow_hash of each. */
  std::array<uint32_t, kFlows> hashes_{};
  std::array<uint16_t, kFlows> warnings_{};
  /** Those of this while and of the one before. */
  Flows recent_ = 0, earlier_ = 0;
};

}  // namespace wolfguard
