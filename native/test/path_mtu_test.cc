// What a tunnel does when its way to the client takes less than before. That the kernel says so is
// for the scenario tests: it takes a router.
#include "path_mtu.h"

#include "liveness.h"
#include "lossy_network.h"
#include "random.h"
#include "samples.h"
#include "unit.h"

namespace wolfguard {
namespace {

/** A tunnel of MTU 1400 whose client is there by DTLS (AES-256-GCM, IPv4 outside). */
struct Scene {
  Scene() {
    tunnel = rig.add_tunnel(1, Random(1).bytes(32));
    client = DtlsClient::create(
        {ChannelRig::app_id_of(1), Random(1).bytes(32), "PSK-AES256-GCM-SHA384", true});
    LossyNetwork network(&rig, client.get(), {}, false);
    if (!network.run()) unit::fail(__FILE__, __LINE__, "the handshake failed");
    rig.receive();
    rig.outbound().set_now(1000);  // in its first second it would have told nobody
  }

  bool limit(uint32_t mtu, int64_t now = 0) {
    return limit_path(*tunnel, {tunnel->active.path, mtu}, now);
  }

  /** From the TUN device; how many datagrams have left for the client. */
  size_t send(Bytes packet) {
    packet.insert(packet.begin(), kHeadroom, 0);
    uint8_t* start = packet.data() + kHeadroom;
    const size_t size = packet.size() - kHeadroom;
    rig.outbound().send_data(*tunnel, start, size, *parse_inside_packet(start, size));
    rig.flush();
    return rig.receive().size();
  }

  /** The MTU that the inside has been told since the last time; 0 = it has been told nothing. */
  uint32_t told() {
    const auto packets = rig.read_tun();
    if (packets.empty()) return 0;
    const Bytes& error = packets.back();
    return error[0] >> 4 == 4 ? load16(&error[26]) : load32(&error[44]);
  }

  ChannelRig rig;
  Tunnel* tunnel;
  std::unique_ptr<DtlsClient> client;
};

Bytes whole_packet(size_t size) {
  Bytes packet = samples::ipv4_packet(size, 1, 2);
  packet[6] = 0x40;  // may not be fragmented
  return packet;
}

}  // namespace

UNIT_TEST("what the path takes no more goes by TLS, and the inside hears what it does take") {
  Scene scene;
  REQUIRE(scene.limit(1300));
  CHECK_EQUAL(scene.tunnel->data_mtu(), 1234u);
  CHECK_EQUAL(scene.tunnel->shared->mtu.load(), 1234u);
  CHECK_EQUAL(scene.send(whole_packet(1235)), size_t{0});
  CHECK_EQUAL(scene.told(), 1234u);
  CHECK_EQUAL(scene.send(whole_packet(1234)), size_t{1});
  CHECK_EQUAL(scene.told(), 0u);
  // What may be fragmented further on is no reason to complain.
  CHECK_EQUAL(scene.send(samples::ipv4_packet(1235, 1, 2)), size_t{0});
  CHECK_EQUAL(scene.told(), 0u);
  // Larger than the tunnel itself: told what serves best, and not sent at all.
  CHECK_EQUAL(scene.send(whole_packet(1401)), size_t{0});
  CHECK_EQUAL(scene.told(), 1234u);
}

UNIT_TEST("no sender is asked to go below what its protocol promises") {
  Scene scene;
  REQUIRE(scene.limit(560));
  CHECK_EQUAL(scene.send(whole_packet(577)), size_t{0});
  CHECK_EQUAL(scene.told(), 576u);
  CHECK_EQUAL(scene.send(whole_packet(576)), size_t{0});
  CHECK_EQUAL(scene.told(), 0u);
  CHECK_EQUAL(scene.send(whole_packet(560 - 66)), size_t{1});
  CHECK_EQUAL(scene.send(samples::ipv6_packet(1281, 1, 2)), size_t{0});
  CHECK_EQUAL(scene.told(), 1280u);
  CHECK_EQUAL(scene.send(samples::ipv6_packet(1280, 1, 2)), size_t{0});
  CHECK_EQUAL(scene.told(), 0u);
}

UNIT_TEST("a path that takes nothing leaves everything to TLS") {
  Scene scene;
  REQUIRE(scene.limit(66));
  CHECK_EQUAL(scene.send(whole_packet(40)), size_t{0});
  CHECK_EQUAL(scene.told(), 0u);
}

UNIT_TEST("a connection begun on a limited path gets segments that fit it") {
  Scene scene;
  REQUIRE(scene.limit(1300));
  samples::TcpSegment syn;
  syn.flags = 0x02;
  syn.options = 4;
  syn.option_bytes = {2, 4, 5, 180};
  scene.tunnel->params.has_inside4 = true;
  Bytes packet = syn.encode();
  scene.tunnel->params.inside4 = map_ipv4(&packet[12]);
  packet.insert(packet.begin(), 0);  // the type: data
  scene.rig.inbound().on_dtls_text(*scene.tunnel, packet.data(), packet.size());
  scene.rig.flush();
  const auto inside = scene.rig.read_tun();
  REQUIRE(inside.size() == 1);
  CHECK_EQUAL(load16(&inside[0][42]), 1194);
}

UNIT_TEST("a refusal that is not about the tunnel's own packets changes nothing") {
  Scene scene;
  CHECK(!scene.limit(1466));  // 1400 and the 66 bytes around it
  CHECK(scene.limit(1465));
  CHECK(!scene.limit(1465));  // known already
  forget_path_limit(*scene.tunnel);
  UdpPath elsewhere = scene.tunnel->active.path;
  elsewhere.peer.port++;
  CHECK(!limit_path(*scene.tunnel, {elsewhere, 1300}, 0));
  CHECK_EQUAL(scene.tunnel->data_mtu(), 1400u);
}

UNIT_TEST("every half minute a full packet is tried, and the client's answer lifts the limit") {
  // The seconds' low bits run over in the meantime.
  constexpr int64_t kStart = 65'520'000;
  Scene scene;
  Liveness liveness(&scene.rig.outbound(), &scene.rig.channel, &scene.rig);
  REQUIRE(scene.limit(1300, kStart));
  scene.tunnel->dtls_rx_ms = scene.tunnel->tls_rx_ms = kStart;
  CHECK_EQUAL(liveness.check(*scene.tunnel, kStart + 29'000), kStart + 30'000);
  Bytes answer = {static_cast<uint8_t>(PacketType::kDpdResponse)};
  scene.rig.inbound().on_dtls_text(*scene.tunnel, answer.data(), answer.size());
  CHECK(scene.tunnel->path_limit.exists());  // it answers another question

  CHECK_EQUAL(liveness.check(*scene.tunnel, kStart + 30'000), kStart + 60'000);
  scene.rig.flush();
  const auto probe = scene.rig.receive();
  REQUIRE(probe.size() == 1);
  CHECK_EQUAL(probe[0].size() + 28, size_t{1466});
  scene.client->receive(probe[0]);
  scene.client->advance();
  const auto request = scene.client->read();
  REQUIRE(request.has_value());
  CHECK_EQUAL((*request)[0], static_cast<uint8_t>(PacketType::kDpdRequest));
  scene.rig.inbound().on_dtls_text(*scene.tunnel, answer.data(), answer.size());
  CHECK(!scene.tunnel->path_limit.exists());
  CHECK_EQUAL(scene.tunnel->shared->mtu.load(), 1400u);
}

UNIT_TEST("a client that has moved is on another path") {
  Scene scene;
  REQUIRE(scene.limit(1300));
  scene.client->send(Bytes{3});
  for (const Bytes& datagram : scene.client->take_output()) scene.rig.send(datagram, 1);
  CHECK_EQUAL(scene.tunnel->data_mtu(), 1400u);
}

}  // namespace wolfguard
