// Packets for clients that are between two tunnels: the old one is gone, the new one is not there
// yet. They wait here for the moment that a client needs for a TLS handshake and a CONNECT.
#pragma once

#include <unordered_map>
#include <vector>

#include "backlog.h"
#include "endpoint.h"

namespace wolfguard {

class WaitingRoom {
 public:
  /** A handshake and a CONNECT take 4 round trips: enough for the worst of links. */
  static constexpr int64_t kHoldMs = 5000;
  /** Inside addresses at once, each with at most Backlog::kDataBytes of packets. */
  static constexpr size_t kMaxAddresses = 256;

  /** How many packets were lost by that: older ones of the same address, or this one. */
  size_t hold(const Address& inside, ByteView packet, int64_t now);
  /** Calls give(packet) for all that wait for this address, oldest first, and forgets them. */
  template <typename Give>
  void release(const Address& inside, Give&& give);
  /** Calls give(address, packet) for those of every address for which wanted(address). */
  template <typename Wanted, typename Give>
  void release_if(Wanted&& wanted, Give&& give);
  /** Forgets what has waited for kHoldMs; how many packets were lost by that. */
  size_t expire(int64_t now);

  bool empty() const { return queues_.empty(); }

 private:
  struct Queue {
    Backlog packets;
    int64_t until;
  };

  std::unordered_map<Address, Queue, AddressHash> queues_;
};

template <typename Give>
void WaitingRoom::release(const Address& inside, Give&& give) {
  if (queues_.empty()) return;
  // Out of the map first: what is given may come back to wait.
  auto queue = queues_.extract(inside);
  if (queue.empty()) return;
  for (Backlog& packets = queue.mapped().packets; !packets.empty(); packets.pop()) {
    give(packets.front());
  }
}

template <typename Wanted, typename Give>
void WaitingRoom::release_if(Wanted&& wanted, Give&& give) {
  std::vector<Address> found;
  for (const auto& [address, queue] : queues_) {
    if (wanted(address)) found.push_back(address);
  }
  for (const Address& address : found) {
    release(address, [&](ByteView packet) { give(address, packet); });
  }
}

}  // namespace wolfguard
