// What comes out of the tunnels: answers to probes are timed, packets of a flood counted, all the
// rest goes to the TUN device where there is one.
#pragma once

#include <time.h>

#include <utility>

#include "coalescer.h"
#include "crafted_packet.h"
#include "events.h"

namespace wolfguard::load {

inline int64_t monotonic_ns() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

class Inside {
 public:
  Inside(TunQueue tun, Totals* totals) : tun_(tun), coalescer_(tun), totals_(totals) {}

  void set_flood_port(uint16_t port) { flood_port_ = port; }

  /** The bytes may be changed and must live until flush(). */
  void take(uint8_t* packet, size_t size) {
    bump(totals_->rx_packets);
    bump(totals_->rx_bytes, size);
    if (flood_port_ != 0 && is_udp_to(packet, size, flood_port_)) {
      bump(totals_->flood_received);
    } else if (const auto origin = echo_reply_origin(packet, size)) {
      samples_.push_back(static_cast<float>(monotonic_ns() - *origin) / 1000.0f);
    } else if (tun_.fd() >= 0) {
      coalescer_.add(packet, size);
    }
  }
  void flush() {
    if (const size_t refused = coalescer_.flush().refused) bump(totals_->dropped_packets, refused);
  }
  std::vector<float> take_samples() { return std::exchange(samples_, {}); }

 private:
  TunQueue tun_;
  Coalescer coalescer_;
  Totals* totals_;
  uint16_t flood_port_ = 0;
  std::vector<float> samples_;
};

}  // namespace wolfguard::load
