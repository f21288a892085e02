// What the load client's thread tells JavaScript, and the counters that it may read at any time.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "session.h"

namespace wolfguard::load {

struct Event {
  enum class Type {
    /** A whole HTTP answer: head and body. */
    kReply,
    /** The server has answered by DTLS; `text` is the cipher. */
    kDtls,
    /** The session is over; `text` says how. */
    kClosed,
    /** Round trips in microseconds since the last time. */
    kProbes,
  };

  Type type;
  SessionId id = 0;
  std::string text;
  std::vector<float> samples;
};

/** One writing thread: plain adds. */
struct Totals {
  std::atomic<uint64_t> sessions{0}, dtls{0};
  std::atomic<uint64_t> tx_packets{0}, tx_bytes{0}, rx_packets{0}, rx_bytes{0}, dropped_packets{0};
  std::atomic<uint64_t> dpd_answered{0}, dpd_asked{0}, dtls_lost{0};
  std::atomic<uint64_t> probes_sent{0}, flood_sent{0}, flood_received{0};
};

inline void bump(std::atomic<uint64_t>& counter, uint64_t by = 1) {
  counter.store(counter.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
}

}  // namespace wolfguard::load
