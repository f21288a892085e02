#include "tunnel_table.h"

namespace wolfguard {

namespace {

template <typename Map, typename Key>
Tunnel* find(const Map& map, const Key& key) {
  const auto it = map.find(key);
  return it == map.end() ? nullptr : it->second;
}

/** Not at the address of its TLS connection, under which the tunnel is found anyway. */
bool is_elsewhere(const Endpoint& endpoint, const Tunnel* tunnel) {
  return endpoint.address != tunnel->connection->peer.address;
}

/** Only if it is still this tunnel's: a newer one may have taken the key over. */
template <typename Map, typename Key>
bool erase_own(Map& map, const Key& key, const Tunnel* tunnel) {
  const auto it = map.find(key);
  if (it == map.end() || it->second != tunnel) return false;
  map.erase(it);
  return true;
}

}  // namespace

Tunnel* TunnelTable::add(std::unique_ptr<Tunnel> owned) {
  Tunnel* tunnel = owned.get();
  const TunnelParams& params = tunnel->params;
  if (params.has_inside4) by_inside_[params.inside4] = tunnel;
  if (params.has_inside6) by_inside_[params.inside6] = tunnel;
  for_each_network(params, [&](const InsideNetwork& network) { networks_.add(network, tunnel); });
  if (params.has_dtls) by_app_id_[params.app_id] = tunnel;
  link_address(tunnel->connection->peer.address, tunnel);
  by_id_[tunnel->id] = std::move(owned);
  return tunnel;
}

void TunnelTable::unlink_app_id(Tunnel* tunnel) {
  if (tunnel->params.has_dtls) erase_own(by_app_id_, tunnel->params.app_id, tunnel);
}

void TunnelTable::unlink_inside(Tunnel* tunnel) {
  const TunnelParams& params = tunnel->params;
  if (params.has_inside4) erase_own(by_inside_, params.inside4, tunnel);
  if (params.has_inside6) erase_own(by_inside_, params.inside6, tunnel);
  for_each_network(params,
                   [&](const InsideNetwork& network) { networks_.remove(network, tunnel); });
}

void TunnelTable::unlink(Tunnel* tunnel) {
  unlink_inside(tunnel);
  unlink_app_id(tunnel);
  if (tunnel->active.keys) unlink_endpoint(tunnel->active.path.peer, tunnel);
  if (tunnel->previous.keys) unlink_endpoint(tunnel->previous.path.peer, tunnel);
  if (tunnel->pending) unlink_endpoint(tunnel->pending->path.peer, tunnel);
  unlink_address(tunnel->connection->peer.address, tunnel);
}

std::unique_ptr<Tunnel> TunnelTable::remove(ConnectionId id) {
  const auto it = by_id_.find(id);
  if (it == by_id_.end()) return nullptr;
  std::unique_ptr<Tunnel> tunnel = std::move(it->second);
  by_id_.erase(it);
  return tunnel;
}

Tunnel* TunnelTable::by_id(ConnectionId id) const {
  const auto it = by_id_.find(id);
  return it == by_id_.end() ? nullptr : it->second.get();
}

Tunnel* TunnelTable::by_inside(const Address& address) const {
  Tunnel* tunnel = find(by_inside_, address);
  return tunnel != nullptr || networks_.empty() ? tunnel : networks_.find(address);
}

Tunnel* TunnelTable::by_app_id(const AppId& app_id) const { return find(by_app_id_, app_id); }

Tunnel* TunnelTable::by_endpoint(const Endpoint& endpoint) const {
  return find(by_endpoint_, endpoint);
}

void TunnelTable::link_endpoint(const Endpoint& endpoint, Tunnel* tunnel) {
  const auto [it, is_new] = by_endpoint_.try_emplace(endpoint, tunnel);
  if (is_new) {
    changed_endpoints_.push_back(endpoint);
  } else {
    if (it->second == tunnel) return;
    if (is_elsewhere(endpoint, it->second)) unlink_address(endpoint.address, it->second);
    it->second = tunnel;
  }
  if (is_elsewhere(endpoint, tunnel)) link_address(endpoint.address, tunnel);
}

void TunnelTable::unlink_endpoint(const Endpoint& endpoint, const Tunnel* tunnel) {
  if (!erase_own(by_endpoint_, endpoint, tunnel)) return;
  changed_endpoints_.push_back(endpoint);
  if (is_elsewhere(endpoint, tunnel)) unlink_address(endpoint.address, tunnel);
}

std::vector<EndpointChange> TunnelTable::take_endpoint_changes() {
  std::vector<EndpointChange> changes;
  changes.reserve(changed_endpoints_.size());
  for (const Endpoint& endpoint : changed_endpoints_) {
    changes.push_back({endpoint, by_endpoint_.contains(endpoint)});
  }
  changed_endpoints_.clear();
  return changes;
}

void TunnelTable::link_address(const Address& address, Tunnel* tunnel) {
  by_address_.emplace(address, tunnel);
}

void TunnelTable::unlink_address(const Address& address, const Tunnel* tunnel) {
  const auto [from, to] = by_address_.equal_range(address);
  for (auto it = from; it != to; ++it) {
    if (it->second != tunnel) continue;
    by_address_.erase(it);
    return;
  }
}

}  // namespace wolfguard
