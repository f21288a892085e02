// Which tunnel has the network that holds an address. A hash table for each prefix length that is
// in use, the longest first: most servers have none of them, the others one or two.
#pragma once

#include <functional>
#include <map>
#include <unordered_map>

#include "inside_network.h"

namespace wolfguard {

struct Tunnel;

class TunnelNetworks {
 public:
  bool empty() const { return by_length_.empty(); }

  /** A network that another tunnel had is this one's from now on. */
  void add(const InsideNetwork& network, Tunnel* tunnel) {
    by_length_[network.prefix].insert_or_assign(network.base, tunnel);
  }

  /** Only if it is still this tunnel's. */
  void remove(const InsideNetwork& network, const Tunnel* tunnel) {
    const auto length = by_length_.find(network.prefix);
    if (length == by_length_.end()) return;
    const auto it = length->second.find(network.base);
    if (it == length->second.end() || it->second != tunnel) return;
    length->second.erase(it);
    if (length->second.empty()) by_length_.erase(length);
  }

  /** nullptr: no network holds the address. */
  Tunnel* find(const Address& address) const {
    for (const auto& [prefix, networks] : by_length_) {
      const auto it = networks.find(network_of(address, prefix).base);
      if (it != networks.end()) return it->second;
    }
    return nullptr;
  }

 private:
  using Networks = std::unordered_map<Address, Tunnel*, AddressHash>;
  std::map<uint32_t, Networks, std::greater<>> by_length_;
};

}  // namespace wolfguard
