// Who comes in at the door of the handshake thread: connections are accepted, the banned are closed
// at once with those that come too often (arrival_rate.h), and where a proxy stands in front, its
// header says who has really come [proxy_header.h].
//
//   accept ─► from a trusted proxy? ─► header ─► banned? too often? ─► welcome
#pragma once

#include <functional>
#include <unordered_map>
#include <unordered_set>

#include "arrival_rate.h"
#include "engine_events.h"
#include "listeners.h"
#include "network_list.h"
#include "proxy_header.h"

namespace wolfguard {

struct ProxyOptions {
  ProxyMode mode = ProxyMode::kOff;
  /** Connections from elsewhere are closed. */
  NetworkList trusted;
};

/** A connection of which nothing but a proxy's header has been read. */
struct Arrival {
  Fd socket;
  /** The client's, as the proxy says it. */
  Endpoint peer, local;
  /** A proxy stands between us and the client. */
  bool proxied = false;
  /** The proxy itself: it looks whether we are alive. */
  bool from_proxy = false;
  /** When it was accepted. */
  int64_t since = 0;
  /** What the client has sent behind the header; lives until welcome() returns. */
  ByteView early;
};

class Arrivals {
 public:
  /** Listener n reports with `first_listener + n * step`, descriptor n with `first_waiting + …`. */
  struct Tags {
    uint64_t first_listener, first_waiting, step;
  };
  using Welcome = std::function<void(Arrival)>;

  Arrivals(const std::vector<int>& listeners, ProxyOptions proxy, int64_t header_timeout_ms,
           size_t max_waiting, Welcome welcome, EngineTotals* totals);

  void watch(Poller& poller, const Tags& tags);
  /** What listener `n` has; false: paused for want of descriptors. */
  bool accept_all(size_t listener, int64_t now);
  /** The socket of that descriptor has something, or is broken. */
  void on_waiting(int fd);
  /** Ends pauses and closes who is late; to be called twice a second while busy(). */
  void sweep(int64_t now);
  bool busy() const { return listeners_.paused() || !waiting_.empty(); }
  /** Sockets whose header has not come yet. */
  size_t waiting() const { return waiting_.size(); }

  /** Sources as source_of() makes them. */
  void ban(const std::vector<Address>& add, const std::vector<Address>& remove);
  /** Of one source; see ArrivalRate::configure. */
  void limit_rate(uint32_t per_second, uint32_t workers) { rate_.configure(per_second, workers); }

 private:
  struct Waiting {
    Fd socket;
    Endpoint peer;
    int64_t since;
    Bytes head;
  };

  void take(Fd socket, const Endpoint& peer, int64_t now);
  bool read_header(Waiting& waiting);
  void greet(Arrival arrival);

  Listeners listeners_;
  ProxyOptions proxy_;
  int64_t header_timeout_ms_;
  size_t max_waiting_;
  Welcome welcome_;
  EngineTotals* totals_;
  Poller* poller_ = nullptr;
  Tags tags_{};
  std::unordered_map<int, Waiting> waiting_;
  std::unordered_set<Address, AddressHash> banned_;
  ArrivalRate rate_;
};

}  // namespace wolfguard
