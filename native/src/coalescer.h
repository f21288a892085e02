// Joins TCP segments and UDP datagrams that follow one another into one super-packet for one TUN
// write, exactly where the kernel's GRO would (inside_segment.h). The packets stay where they are
// until flush(): only iovecs are gathered. Packets of a flow are written in the order they came,
// also those that are not to be joined. Of bare TCP acknowledgements that follow one another only
// those are written that no later one supersedes (ack_filter.h).
#pragma once

#include <sys/uio.h>

#include <array>
#include <utility>

#include "inside_segment.h"
#include "tun_queue.h"

namespace wolfguard {

class Coalescer {
 public:
  explicit Coalescer(TunQueue tun)
      : tun_(tun), joins_tcp_(tun.takes_tcp()), joins_udp_(tun.takes_udp()) {}

  /** Takes a sound IP packet; its bytes (and headers) must live and may change until flush(). */
  void add(uint8_t* packet, size_t size);
  /** Since the last time: writes that the device took, the packets that came to be in them, and
   * those that it has refused. */
  struct Written {
    size_t calls = 0, packets = 0, refused = 0;
  };
  /** Writes what waits. */
  Written flush();

  /** True once for each of TCP and UDP whose super-packets the device has refused: none is made
   * from then on. */
  bool take_joining_refused() { return std::exchange(newly_refused_, false); }

 private:
  /** A burst mixes few flows; more cost a search each. */
  static constexpr size_t kTrains = 16;
  /**
   * What the kernel takes of its own senders as one UDP super-packet (UDP_MAX_SEGMENTS before Linux
   * 6.9) and what its GRO joins. 64 KiB hold 44 TCP segments of the usual size.
   */
  static constexpr size_t kMaxParts = 64;

  struct Train {
    bool open = false;
    uint8_t* first = nullptr;
    /** What `first` is. */
    InsideSegment head;
    size_t size = 0, packets = 0;
    /** Of a bare ACK: what the first one acknowledged that it has taken the place of. */
    uint32_t first_acknowledged = 0;
    std::array<iovec, kMaxParts + 1> parts;
  };

  bool joins(uint8_t protocol) const;
  void write_all_between(const uint8_t* packet);
  Train* find(const uint8_t* packet, const InsideSegment& segment);
  bool fits(const Train& train, const uint8_t* packet, const InsideSegment& segment) const;
  void hold_ack(Train* train, uint8_t* packet, size_t size, const InsideSegment& segment);
  void append(Train& train, uint8_t* packet, const InsideSegment& segment);
  void begin(Train& train, uint8_t* packet, size_t size, const InsideSegment& segment);
  Train& free_train();
  void write_train(Train& train);
  void write_joined(Train& train);
  void on_refusal(Train& train);
  void write_piecemeal(Train& train);
  void write_alone(uint8_t* packet, size_t size, bool checksum_verified);

  TunQueue tun_;
  bool joins_tcp_, joins_udp_;
  bool newly_refused_ = false;
  std::array<Train, kTrains> trains_;
  size_t used_ = 0;
  Written written_;
};

}  // namespace wolfguard
