// How much of the handshake thread each source address holds: handshakes in flight, and
// connections without a tunnel. One source cannot use up what is there for all.
#pragma once

#include <cstdint>
#include <unordered_map>

#include "endpoint.h"

namespace wolfguard {

class SourceCounts {
 public:
  SourceCounts(uint32_t max_handshakes, uint32_t max_connections)
      : max_handshakes_(max_handshakes), max_connections_(max_connections) {}

  bool has_room(const Endpoint& peer) const {
    const auto it = counts_.find(source_of(peer.address));
    return it == counts_.end() ||
           (it->second.handshakes < max_handshakes_ && it->second.connections < max_connections_);
  }
  /** A connection begins its handshake. */
  void enter(const Endpoint& peer) {
    Counts& counts = counts_[source_of(peer.address)];
    counts.handshakes++;
    counts.connections++;
  }
  void leave_handshake(const Endpoint& peer) {
    if (const auto it = counts_.find(source_of(peer.address)); it != counts_.end())
      it->second.handshakes--;
  }
  /** It is over, or has its tunnel; leave_handshake was called before. */
  void leave(const Endpoint& peer) {
    const auto it = counts_.find(source_of(peer.address));
    if (it != counts_.end() && --it->second.connections == 0) counts_.erase(it);
  }

 private:
  struct Counts {
    uint32_t handshakes = 0, connections = 0;
  };

  uint32_t max_handshakes_, max_connections_;
  std::unordered_map<Address, Counts, AddressHash> counts_;
};

}  // namespace wolfguard
