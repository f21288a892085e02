// Where a client's datagrams come from may change while its tunnel is up, and somebody else may
// want it to seem so [oc 8.4].
#include "lossy_network.h"
#include "random.h"
#include "samples.h"
#include "unit.h"

namespace wolfguard {
namespace {

constexpr const char* kCipher = "PSK-AES256-GCM-SHA384";

struct Scene {
  /** `tls`: where the TLS connection comes from; nullopt: from where the datagrams do. */
  explicit Scene(std::optional<Address> tls = {}, bool deny_roaming = false)
      : tunnel(rig.add_tunnel(1, secret, tls)),
        client(DtlsClient::create({ChannelRig::app_id_of(1), secret, kCipher, true})) {
    tunnel->params.deny_roaming = deny_roaming;
    LossyNetwork network(&rig, client.get(), {}, false);
    connected = network.run();
    rig.receive();
  }

  /** A DPD request, on its way. */
  Bytes request(uint8_t body) {
    client->send(Bytes{static_cast<uint8_t>(PacketType::kDpdRequest), body});
    const Flight flight = client->take_output();
    return flight.empty() ? Bytes() : flight.front();
  }

  ChannelRig rig;
  const Bytes secret = Random(5).bytes(32);
  Tunnel* tunnel;
  std::unique_ptr<DtlsClient> client;
  bool connected = false;
};

const Address kElsewhere = samples::endpoint(77, 0).address;

}  // namespace

UNIT_TEST("a record that was held back and comes from elsewhere is taken, and moves nobody") {
  Scene scene;
  REQUIRE(scene.connected);
  const Bytes held = scene.request(1), later = scene.request(2);
  scene.rig.send(later);
  CHECK_EQUAL(scene.rig.receive().size(), size_t{1});
  scene.rig.send(held, 1);
  CHECK_EQUAL(scene.rig.receive(0).size(), size_t{1});
  CHECK(scene.rig.receive(1).empty());
  CHECK(scene.tunnel->active.path.peer == scene.rig.client(0));
  CHECK(scene.rig.tunnels.by_endpoint(scene.rig.client(1)) == nullptr);
}

UNIT_TEST("a record that comes once more from elsewhere moves nobody and is not answered") {
  Scene scene;
  REQUIRE(scene.connected);
  const Bytes record = scene.request(1);
  for (const size_t from : {0, 1, 1, 0}) scene.rig.send(record, from);
  CHECK_EQUAL(scene.rig.receive(0).size(), size_t{1});
  CHECK(scene.rig.receive(1).empty());
  CHECK(scene.tunnel->active.path.peer == scene.rig.client(0));
}

UNIT_TEST("somebody who was quicker with a record loses the tunnel to the client's next one") {
  Scene scene;
  REQUIRE(scene.connected);
  scene.rig.send(scene.request(1), 1);
  CHECK(scene.tunnel->active.path.peer == scene.rig.client(1));
  scene.rig.send(scene.request(2), 0);
  CHECK(scene.tunnel->active.path.peer == scene.rig.client(0));
}

UNIT_TEST(
    "a client whose datagrams have another address than its TLS is found at a new port, too") {
  Scene scene(kElsewhere);
  REQUIRE(scene.connected);
  scene.rig.send(scene.request(1), 1);
  CHECK_EQUAL(scene.rig.receive(1).size(), size_t{1});
  CHECK(scene.tunnel->active.path.peer == scene.rig.client(1));
  CHECK(scene.rig.tunnels.by_endpoint(scene.rig.client(1)) == scene.tunnel);
}

UNIT_TEST("where roaming is denied, datagrams must come from the address of the TLS connection") {
  Scene elsewhere(kElsewhere, true);
  CHECK(!elsewhere.connected);
  CHECK(!elsewhere.tunnel->pending && elsewhere.tunnel->active.keys == nullptr);
  CHECK(elsewhere.rig.totals.dropped_packets() > 0);

  Scene at_home({}, true);
  REQUIRE(at_home.connected);
  at_home.rig.send(at_home.request(1), 1);  // another port is no other place
  CHECK_EQUAL(at_home.rig.receive(1).size(), size_t{1});
}

}  // namespace wolfguard
