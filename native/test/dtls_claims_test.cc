// What the workers tell one another about the end points of their clients. The kernel may steer a
// hello by its App-ID and everything else by a hash, until the primary has filled its map.
#include "channel_rig.h"
#include "random.h"
#include "unit.h"

namespace wolfguard {
namespace {

using Kinds = std::vector<LinkKind>;

constexpr const char* kCipher = "PSK-AES256-GCM-SHA384";

std::unique_ptr<DtlsClient> make_client(const Bytes& secret) {
  return DtlsClient::create({ChannelRig::app_id_of(1), secret, kCipher, true});
}

/** The client's next flight, after what the engine has answered. */
Flight next_flight(ChannelRig& rig, DtlsClient& client) {
  for (const Bytes& datagram : rig.receive()) client.receive(datagram);
  client.advance();
  return client.take_output();
}

/** A record of epoch 1 that no key opens. */
Bytes unknown_record() {
  Bytes record = {23, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 1, 0, 40};
  record.resize(13 + 40, 0x5a);
  return record;
}

}  // namespace

UNIT_TEST("a hello with its cookie is claimed at the other workers, before its answer leaves") {
  ChannelRig rig;
  const Bytes secret = Random(3).bytes(32);
  rig.add_tunnel(1, secret);
  const auto client = make_client(secret);
  REQUIRE(client != nullptr);
  for (const Bytes& datagram : next_flight(rig, *client)) rig.send(datagram);
  CHECK(rig.read_links().empty());  // without a cookie it may be anybody
  for (Bytes datagram : next_flight(rig, *client)) {
    rig.channel.on_datagram(datagram.data(), datagram.size(), {rig.client(0), {}, 0});
  }
  CHECK(rig.read_links() == Kinds{LinkKind::kClaim});
  CHECK(rig.receive().empty());  // the answer still waits for the end of the wake-up
}

UNIT_TEST("an end point that another worker has claimed is forwarded to it, until it lets go") {
  ChannelRig rig;
  rig.send_link(LinkKind::kClaim, {}, 0);
  rig.send(unknown_record());
  CHECK(rig.read_links() == Kinds{LinkKind::kDatagram});
  CHECK_EQUAL(rig.totals.get(PacketSum::kForwardedPackets), uint64_t{1});

  // A worker that had the end point before says so late: the claim of the next one stands.
  rig.channel.on_link({LinkKind::kRelease, 2, {rig.client(0), {}, 0}, nullptr, 0});
  rig.send(unknown_record());
  CHECK(rig.read_links() == Kinds{LinkKind::kDatagram});

  rig.send_link(LinkKind::kRelease, {}, 0);
  rig.send(unknown_record());
  CHECK(rig.read_links() == Kinds{LinkKind::kStranger});
  CHECK_EQUAL(rig.totals.get(PacketSum::kForwardedPackets), uint64_t{2});
}

}  // namespace wolfguard
