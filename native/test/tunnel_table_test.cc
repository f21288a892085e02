#include "tunnel_table.h"

#include "samples.h"
#include "unit.h"

namespace wolfguard {
namespace {

DtlsSlot slot_at(const Endpoint& peer) {
  DtlsSecrets secrets;
  secrets.cipher = EVP_aes_256_gcm();
  return {DtlsKeys::create(secrets), {peer, {}, 0}};
}

/** A tunnel with inside addresses and App-ID that end in `last`. */
std::unique_ptr<Tunnel> make_tunnel(ConnectionId id, uint8_t last) {
  auto tunnel = std::make_unique<Tunnel>();
  tunnel->id = id;
  tunnel->connection = std::make_unique<Connection>();
  tunnel->connection->peer = samples::endpoint(1, static_cast<uint16_t>(1000 + id));
  tunnel->shared = std::make_shared<TunnelShared>();
  const uint8_t inside[4] = {10, 77, 0, last};
  tunnel->params.has_inside4 = tunnel->params.has_inside6 = tunnel->params.has_dtls = true;
  tunnel->params.inside4 = map_ipv4(inside);
  tunnel->params.inside6[0] = 0xfd;
  tunnel->params.inside6[15] = last;
  tunnel->params.app_id[31] = last;
  return tunnel;
}

int count_at(TunnelTable& table, const Address& address) {
  int count = 0;
  table.for_each_at(address, [&](Tunnel&) {
    count++;
    return false;
  });
  return count;
}

}  // namespace

UNIT_TEST("a tunnel is found by number, inside addresses, App-ID, end point and outside address") {
  TunnelTable table;
  Tunnel* tunnel = table.add(make_tunnel(1, 2));
  const Endpoint peer = samples::endpoint(1, 5555);
  table.link_endpoint(peer, tunnel);
  CHECK(table.by_id(1) == tunnel);
  CHECK(table.by_inside(tunnel->params.inside4) == tunnel);
  CHECK(table.by_inside(tunnel->params.inside6) == tunnel);
  CHECK(table.by_app_id(tunnel->params.app_id) == tunnel);
  CHECK(table.by_endpoint(peer) == tunnel);
  CHECK_EQUAL(count_at(table, peer.address), 1);
  CHECK(table.by_id(2) == nullptr);
  CHECK(table.by_endpoint(samples::endpoint(1, 5556)) == nullptr);
}

UNIT_TEST("a tunnel is found at each address that its datagrams come from, while they do") {
  TunnelTable table;
  Tunnel* one = table.add(make_tunnel(1, 2));
  Tunnel* other = table.add(make_tunnel(2, 3));
  const Endpoint first = samples::endpoint(9, 1), second = samples::endpoint(9, 2);
  table.link_endpoint(first, one);
  table.link_endpoint(first, one);
  table.link_endpoint(second, one);
  CHECK_EQUAL(count_at(table, first.address), 2);
  table.link_endpoint(first, other);
  table.unlink_endpoint(second, one);
  CHECK_EQUAL(count_at(table, first.address), 1);
  table.for_each_at(first.address, [&](Tunnel& tunnel) {
    CHECK(&tunnel == other);
    return false;
  });
  table.unlink_endpoint(first, one);  // not its own any more
  CHECK_EQUAL(count_at(table, first.address), 1);
  table.unlink_endpoint(first, other);
  CHECK_EQUAL(count_at(table, first.address), 0);
  CHECK_EQUAL(count_at(table, samples::endpoint(1, 0).address), 2);
}

UNIT_TEST("an unlinked tunnel is found by its number alone, until it is removed") {
  TunnelTable table;
  Tunnel* tunnel = table.add(make_tunnel(1, 2));
  tunnel->active = slot_at(samples::endpoint(1, 5555));
  tunnel->previous = slot_at(samples::endpoint(1, 5556));
  tunnel->pending = std::make_unique<DtlsPending>();
  tunnel->pending->path.peer = samples::endpoint(2, 5557);
  for (const Endpoint& peer :
       {tunnel->active.path.peer, tunnel->previous.path.peer, tunnel->pending->path.peer}) {
    table.link_endpoint(peer, tunnel);
  }
  table.unlink(tunnel);
  CHECK(table.by_inside(tunnel->params.inside4) == nullptr);
  CHECK(table.by_inside(tunnel->params.inside6) == nullptr);
  CHECK(table.by_app_id(tunnel->params.app_id) == nullptr);
  for (uint16_t port = 5555; port <= 5556; port++) {
    CHECK(table.by_endpoint(samples::endpoint(1, port)) == nullptr);
  }
  CHECK(table.by_endpoint(samples::endpoint(2, 5557)) == nullptr);
  CHECK_EQUAL(count_at(table, samples::endpoint(1, 0).address), 0);
  CHECK(table.by_id(1) == tunnel);
  CHECK(table.remove(1) != nullptr);
  CHECK(table.by_id(1) == nullptr);
  CHECK(table.remove(1) == nullptr);
  CHECK_EQUAL(table.size(), size_t{0});
}

UNIT_TEST("a key that a newer tunnel has taken over stays the newer one's") {
  TunnelTable table;
  Tunnel* old = table.add(make_tunnel(1, 2));
  const Endpoint peer = samples::endpoint(1, 5555);
  old->active = slot_at(peer);
  table.link_endpoint(peer, old);
  Tunnel* newer = table.add(make_tunnel(2, 2));
  newer->active = slot_at(peer);
  table.link_endpoint(peer, newer);
  CHECK(table.by_endpoint(peer) == newer);
  table.unlink_endpoint(peer, old);
  CHECK(table.by_endpoint(peer) == newer);
  table.unlink(old);
  table.remove(1);
  CHECK(table.by_endpoint(peer) == newer);
  CHECK(table.by_inside(newer->params.inside4) == newer);
  CHECK(table.by_inside(newer->params.inside6) == newer);
  CHECK(table.by_app_id(newer->params.app_id) == newer);
  CHECK_EQUAL(count_at(table, peer.address), 1);
}

UNIT_TEST("a tunnel is found by every address of its networks, and by none beside them") {
  TunnelTable table;
  auto owned = make_tunnel(1, 2);
  owned->params.inside6_prefix = 64;
  const uint8_t site[4] = {192, 168, 0, 0};
  owned->params.networks = {network_of(map_ipv4(site), 96 + 24)};
  Tunnel* tunnel = table.add(std::move(owned));
  Tunnel* other = table.add(make_tunnel(2, 3));

  Address inside = tunnel->params.inside6;
  inside[8] = 0xaa;
  CHECK(table.by_inside(inside) == tunnel);
  // An address that another tunnel has is that one's, wherever it lies.
  CHECK(table.by_inside(other->params.inside6) == other);
  inside[7] = 1;
  CHECK(table.by_inside(inside) == nullptr);
  const uint8_t near[4] = {192, 168, 0, 255}, far[4] = {192, 168, 1, 0};
  CHECK(table.by_inside(map_ipv4(near)) == tunnel);
  CHECK(table.by_inside(map_ipv4(far)) == nullptr);

  table.unlink(tunnel);
  CHECK(table.by_inside(map_ipv4(near)) == nullptr);
  CHECK(table.by_inside(tunnel->params.inside6) == nullptr);
}

UNIT_TEST("a network that a newer tunnel has taken over stays the newer one's") {
  TunnelTable table;
  const uint8_t site[4] = {192, 168, 0, 0};
  const std::vector<InsideNetwork> networks = {network_of(map_ipv4(site), 96 + 16)};
  auto first = make_tunnel(1, 2), second = make_tunnel(2, 3);
  first->params.networks = second->params.networks = networks;
  Tunnel* old = table.add(std::move(first));
  Tunnel* newer = table.add(std::move(second));
  table.unlink(old);
  CHECK(table.by_inside(networks[0].base) == newer);
  table.unlink(newer);
  CHECK(table.by_inside(networks[0].base) == nullptr);
}

UNIT_TEST("all tunnels behind one outside address are offered until one says stop") {
  TunnelTable table;
  for (ConnectionId id = 1; id <= 20; id++) table.add(make_tunnel(id, static_cast<uint8_t>(id)));
  CHECK_EQUAL(count_at(table, samples::endpoint(1, 0).address), 20);
  CHECK_EQUAL(count_at(table, samples::endpoint(2, 0).address), 0);
  int seen = 0;
  table.for_each_at(samples::endpoint(1, 0).address, [&](Tunnel&) { return ++seen == 5; });
  CHECK_EQUAL(seen, 5);
  int all = 0;
  table.for_each([&](Tunnel&) { all++; });
  CHECK_EQUAL(all, 20);
}

UNIT_TEST("end points that come, go and change hands are told once, as they stand then") {
  TunnelTable table;
  Tunnel* first = table.add(make_tunnel(1, 2));
  Tunnel* second = table.add(make_tunnel(2, 3));
  const Endpoint here = samples::endpoint(1, 5555), there = samples::endpoint(1, 6666);
  table.link_endpoint(here, first);
  table.link_endpoint(here, first);
  auto changes = table.take_endpoint_changes();
  REQUIRE(changes.size() == 1);
  CHECK(changes[0].endpoint == here);
  CHECK(changes[0].owned);

  // The same worker has it still, whichever of its tunnels.
  table.link_endpoint(here, second);
  table.unlink_endpoint(here, first);
  CHECK_EQUAL(table.take_endpoint_changes().size(), size_t{0});

  table.link_endpoint(there, second);
  table.unlink_endpoint(there, second);
  for (const EndpointChange& change : table.take_endpoint_changes()) CHECK(!change.owned);

  second->active = slot_at(here);
  table.unlink(second);
  changes = table.take_endpoint_changes();
  REQUIRE(changes.size() == 1);
  CHECK(changes[0].endpoint == here);
  CHECK(!changes[0].owned);
  CHECK_EQUAL(table.take_endpoint_changes().size(), size_t{0});
}

}  // namespace wolfguard
