// Joins TCP segments that follow one another into one super-packet for one TUN write, exactly
// where the kernel's GRO would: same flow, next in sequence, same headers but for length, PSH and
// checksums. The packets stay where they are until flush(): only iovecs are gathered.
#pragma once

#include <sys/uio.h>

#include <array>
#include <utility>

#include "tun_queue.h"

namespace wolfguard {

class Coalescer {
 public:
  explicit Coalescer(TunQueue tun) : tun_(tun), joining_(tun.offload()) {}

  /** Takes a sound IP packet; its bytes (and headers) must live and may change until flush(). */
  void add(uint8_t* packet, size_t size);
  /** Writes what waits; how many packets the device has refused since the last time. */
  size_t flush();

  /** True once, after the device has refused a super-packet: none is made from then on. */
  bool take_joining_refused() { return std::exchange(newly_refused_, false); }

 private:
  /** A burst mixes few flows; more cost a search each. */
  static constexpr int kTrains = 16;
  /** 64 KiB hold 44 segments of the usual size; smaller ones gain nothing beyond this. */
  static constexpr int kMaxParts = 64;

  struct Segment;
  struct Train {
    bool open = false;
    uint8_t* first = nullptr;
    size_t ip_size = 0, tcp_size = 0, segment_size = 0, size = 0;
    uint32_t next_sequence = 0;
    int packets = 0;
    std::array<iovec, kMaxParts + 2> parts;
  };

  static bool parse(const uint8_t* packet, size_t size, Segment* segment);
  static bool same_flow(const Train& train, const uint8_t* packet, const Segment& segment);
  static bool joins(const Train& train, const uint8_t* packet, const Segment& segment);
  static bool checksum_is_right(const uint8_t* packet, size_t size, const Segment& segment);
  Train* find(const uint8_t* packet, const Segment& segment);
  void begin(Train& train, uint8_t* packet, size_t size, const Segment& segment);
  Train& free_train();
  void write_train(Train& train);
  void write_joined(Train& train);
  void write_piecemeal(Train& train);
  void write_alone(uint8_t* packet, size_t size, bool checksum_verified);

  TunQueue tun_;
  bool joining_;
  bool newly_refused_ = false;
  std::array<Train, kTrains> trains_;
  int used_ = 0;
  size_t refused_ = 0;
};

}  // namespace wolfguard
