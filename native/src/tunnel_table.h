// All tunnels of a worker, and the ways to find one: by number, by inside address or the network
// that holds it (packets from the TUN device), by App-ID (ClientHello), by outside end point (DTLS
// records), and by outside address alone (a client whose NAT gave it a new port): that of its TLS
// connection, and those of its end points where they are others.
#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include "dtls_hello.h"
#include "tunnel.h"
#include "tunnel_networks.h"

namespace wolfguard {

class TunnelTable {
 public:
  /** Adds a tunnel under its number, inside addresses and networks, App-ID and TLS peer address. */
  Tunnel* add(std::unique_ptr<Tunnel> tunnel);
  /** No hello of a client finds it any more. */
  void unlink_app_id(Tunnel* tunnel);
  /** No packet from the inside finds it any more. */
  void unlink_inside(Tunnel* tunnel);
  /** Takes it out of every table but the numbers: no packet finds it any more. */
  void unlink(Tunnel* tunnel);
  /** Forgets the number too and gives the tunnel back, to be freed. */
  std::unique_ptr<Tunnel> remove(ConnectionId id);

  Tunnel* by_id(ConnectionId id) const;
  /** The tunnel of that address, else of a network that holds it. */
  Tunnel* by_inside(const Address& address) const;
  Tunnel* by_app_id(const AppId& app_id) const;
  Tunnel* by_endpoint(const Endpoint& endpoint) const;

  /** From now on records from there are this tunnel's; another's claim to it ends. */
  void link_endpoint(const Endpoint& endpoint, Tunnel* tunnel);
  void unlink_endpoint(const Endpoint& endpoint, const Tunnel* tunnel);

  /** The end points that have been linked or unlinked since the last call, and how it stands now.
   */
  std::vector<EndpointChange> take_endpoint_changes();

  /** Calls visit(tunnel) for tunnels whose client was last seen at that address; true stops. */
  template <typename Visit>
  void for_each_at(const Address& address, Visit&& visit) {
    const auto [from, to] = by_address_.equal_range(address);
    for (auto it = from; it != to; ++it) {
      if (visit(*it->second)) return;
    }
  }
  template <typename Visit>
  void for_each(Visit&& visit) {
    for (auto& [id, tunnel] : by_id_) visit(*tunnel);
  }
  size_t size() const { return by_id_.size(); }

 private:
  void link_address(const Address& address, Tunnel* tunnel);
  void unlink_address(const Address& address, const Tunnel* tunnel);

  std::unordered_map<ConnectionId, std::unique_ptr<Tunnel>> by_id_;
  std::unordered_map<Address, Tunnel*, AddressHash> by_inside_;
  TunnelNetworks networks_;
  std::unordered_map<AppId, Tunnel*, AppIdHash> by_app_id_;
  std::unordered_map<Endpoint, Tunnel*, EndpointHash> by_endpoint_;
  std::unordered_multimap<Address, Tunnel*, AddressHash> by_address_;
  std::vector<Endpoint> changed_endpoints_;
};

}  // namespace wolfguard
