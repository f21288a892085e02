// DTLS between OpenSSL's own client and the engine's channel: handshakes under every single fault
// of the network, and what happens to a channel afterwards [oc 8.2-8.5].
#include "lossy_network.h"
#include "random.h"
#include "samples.h"
#include "unit.h"

namespace wolfguard {
namespace {

struct Mode {
  const char* name;
  size_t secret_size;
  const char* ciphers;
  bool extended_master_secret;
  uint16_t legacy_suite = 0;
};

constexpr size_t kPsk = 32, kLegacy = 48;
constexpr const char* kLegacyCipher = "AES256-GCM-SHA384";
constexpr Mode kModes[] = {{"AES-256-GCM", kPsk, "PSK-AES256-GCM-SHA384", true},
                           {"ChaCha20", kPsk, "PSK-CHACHA20-POLY1305", false},
                           {"AES-128-GCM", kPsk, "PSK-AES128-GCM-SHA256", false},
                           {"resumption", kLegacy, kLegacyCipher, false, 0x009d},
                           {"AES-128", kLegacy, "AES128-GCM-SHA256", false, 0x009c},
                           {"ECDHE-256", kLegacy, "ECDHE-RSA-AES256-GCM-SHA384", false, 0xc030},
                           {"ECDHE-128", kLegacy, "ECDHE-RSA-AES128-GCM-SHA256", false, 0xc02f},
                           {"ChaCha20 resumed", kLegacy, "PSK-CHACHA20-POLY1305", false, 0xccab}};

Bytes secret_of(size_t size) { return Random(size).bytes(size); }

std::unique_ptr<DtlsClient> make_client(const Mode& mode, uint8_t tunnel = 1) {
  return DtlsClient::create({ChannelRig::app_id_of(tunnel), secret_of(mode.secret_size),
                             mode.ciphers, mode.extended_master_secret});
}

/** A fresh engine and client, and the handshake between them under that fault. */
void check_handshake(const Mode& mode, const Fault& fault, bool split,
                     std::vector<DatagramKind>* kinds = nullptr) {
  ChannelRig rig;
  Tunnel* tunnel = rig.add_tunnel(1, secret_of(mode.secret_size), {}, mode.legacy_suite);
  const auto client = make_client(mode);
  REQUIRE(client != nullptr);
  LossyNetwork network(&rig, client.get(), fault, split);
  const bool works = network.run();
  if (kinds != nullptr) *kinds = network.kinds();
  const std::string where = std::string(mode.name) + (split ? ", split" : "") + ", fault " +
                            unit::show(fault.what) + " x" + std::to_string(fault.times) + " of \"" +
                            fault.kind + "\"";
  const auto check = [&](bool condition, const char* what) {
    if (!condition) unit::fail(__FILE__, __LINE__, where + ": " + what);
  };
  check(works, "no echo through the tunnel");
  check(rig.events == std::vector<std::string>{std::string("opened ") + mode.ciphers},
        "not opened just once");
  check(!tunnel->pending && tunnel->active.keys != nullptr, "the handshake is not over");
  check(tunnel->sends_by_dtls(), "the engine does not send by DTLS");
  check(network.first_record() && network.first_record()->epoch == 1 &&
            network.first_record()->sequence == network.finished_sequence() + 1,
        "the first record does not follow Finished");
}

/** A handshake without faults, for tests of what comes after it. */
std::unique_ptr<DtlsClient> connect(ChannelRig& rig, uint8_t tunnel = 1) {
  auto client = make_client(kModes[0], tunnel);
  LossyNetwork network(&rig, client.get(), {}, false);
  if (!network.run()) unit::fail(__FILE__, __LINE__, "the handshake failed");
  return client;
}

Bytes text_of(const char* body) {
  Bytes text = {3};
  text.insert(text.end(), body, body + strlen(body));
  return text;
}

/** Sends a DPD request through that socket; the body of the answer, if there was one there. */
std::string echo(ChannelRig& rig, DtlsClient& client, const char* body, size_t socket = 0) {
  client.send(text_of(body));
  for (const Bytes& datagram : client.take_output()) rig.send(datagram, socket);
  for (const Bytes& datagram : rig.receive(socket)) client.receive(datagram);
  client.advance();
  const auto answer = client.read();
  return answer && (*answer)[0] == 4 ? std::string(answer->begin() + 1, answer->end()) : "";
}

}  // namespace

UNIT_TEST("DTLS comes up with every suite, as PSK-NEGOTIATE and as Cisco's resumption") {
  for (const Mode& mode : kModes) {
    for (const bool split : {false, true}) check_handshake(mode, {}, split);
  }
}

UNIT_TEST("DTLS comes up whichever datagram of its handshake is lost, once or twice") {
  for (const Mode& mode : kModes) {
    for (const bool split : {false, true}) {
      std::vector<DatagramKind> kinds;
      check_handshake(mode, {}, split, &kinds);
      CHECK(kinds.size() >= 6);
      for (const DatagramKind& kind : kinds) {
        for (const int times : {1, 2}) {
          check_handshake(mode, {Fault::What::kLost, kind, times}, split);
        }
      }
    }
  }
}

UNIT_TEST("DTLS comes up whichever datagram of its handshake is doubled, at once or late") {
  for (const Mode& mode : kModes) {
    for (const bool split : {false, true}) {
      std::vector<DatagramKind> kinds;
      check_handshake(mode, {}, split, &kinds);
      for (const DatagramKind& kind : kinds) {
        check_handshake(mode, {Fault::What::kDoubled, kind, 1}, split);
        check_handshake(mode, {Fault::What::kDoubledLate, kind, 1}, split);
      }
    }
  }
}

UNIT_TEST("DTLS comes up whichever datagram of its handshake comes after the others") {
  for (const Mode& mode : kModes) {
    for (const bool split : {false, true}) {
      std::vector<DatagramKind> kinds;
      check_handshake(mode, {}, split, &kinds);
      for (const DatagramKind& kind : kinds) {
        check_handshake(mode, {Fault::What::kLate, kind, 1}, split);
      }
    }
  }
}

UNIT_TEST("a hello that no tunnel here has is not answered, and another worker's goes to it") {
  ChannelRig rig;
  rig.add_tunnel(1, secret_of(kPsk));
  samples::Hello hello;
  hello.session_id.assign(32, 2);
  hello.session_id[0] = 0;
  rig.send(hello.encode());
  hello.session_id[0] = 1;
  CHECK(rig.read_links().empty());
  rig.send(hello.encode());
  CHECK(rig.read_links() == std::vector<LinkKind>{LinkKind::kDatagram});
  hello.session_id[0] = 9;  // there is no such worker
  rig.send(hello.encode());
  CHECK(rig.receive().empty());
  CHECK_EQUAL(rig.totals.get(PacketSum::kForwardedPackets), uint64_t{1});
}

UNIT_TEST("a hello without its cookie leaves no state behind") {
  ChannelRig rig;
  Tunnel* tunnel = rig.add_tunnel(1, secret_of(kPsk));
  samples::Hello hello;
  hello.session_id.assign(32, 1);
  hello.session_id[0] = 0;
  for (int i = 0; i < 10; i++) {
    rig.send(hello.encode());
    CHECK_EQUAL(rig.receive().size(), size_t{1});
    hello.cookie = Bytes(32, static_cast<uint8_t>(i));  // a guess
  }
  CHECK(!tunnel->pending);
  CHECK(rig.tunnels.by_endpoint(rig.client(0)) == nullptr);
}

UNIT_TEST("a captured hello that is replayed does not disturb the channel that is up [oc 8.5]") {
  ChannelRig rig;
  Tunnel* tunnel = rig.add_tunnel(1, secret_of(kPsk));
  const auto client = make_client(kModes[0]);
  client->advance();
  Bytes captured;
  for (int round = 0; round < 4; round++) {
    for (const Bytes& datagram : client->take_output()) {
      const auto hello = parse_client_hello(datagram.data(), datagram.size());
      if (hello && !hello->cookie.empty()) captured = datagram;
      rig.send(datagram);
    }
    for (const Bytes& datagram : rig.receive()) client->receive(datagram);
    client->advance();
  }
  REQUIRE(client->up() && !captured.empty());
  CHECK_EQUAL(echo(rig, *client, "before"), std::string("before"));
  for (int i = 0; i < 3; i++) rig.send(captured);
  rig.receive();
  CHECK(tunnel->sends_by_dtls());
  CHECK_EQUAL(echo(rig, *client, "after"), std::string("after"));
  CHECK_EQUAL(rig.events.size(), size_t{1});
}

UNIT_TEST("a second handshake takes the channel over, and stragglers of the first still open") {
  ChannelRig rig;
  Tunnel* tunnel = rig.add_tunnel(1, secret_of(kPsk));
  const auto first = connect(rig);
  const auto second = connect(rig);
  CHECK_EQUAL(rig.events.size(), size_t{2});
  CHECK_EQUAL(echo(rig, *second, "new"), std::string("new"));
  const uint64_t dropped = rig.totals.dropped_packets();
  first->send(text_of("old"));
  for (const Bytes& datagram : first->take_output()) rig.send(datagram);
  CHECK_EQUAL(rig.totals.dropped_packets(), dropped);
  rig.channel.drop_previous(*tunnel);
  rig.receive();
  first->send(text_of("too old"));
  for (const Bytes& datagram : first->take_output()) rig.send(datagram);
  CHECK_EQUAL(rig.totals.dropped_packets(), dropped + 1);
  CHECK(rig.receive().empty());
  CHECK_EQUAL(echo(rig, *second, "still new"), std::string("still new"));
}

UNIT_TEST("a client whose port changed is found by its keys, and answered there") {
  ChannelRig rig;
  rig.add_tunnel(2, secret_of(kPsk));
  Tunnel* tunnel = rig.add_tunnel(1, secret_of(kPsk));
  const auto other = connect(rig, 2);
  const auto client = connect(rig);
  CHECK_EQUAL(echo(rig, *client, "moved", 1), std::string("moved"));
  CHECK(tunnel->active.path.peer == rig.client(1));
  CHECK(rig.tunnels.by_endpoint(rig.client(1)) == tunnel);
  CHECK(rig.receive(0).empty());
  CHECK_EQUAL(echo(rig, *client, "and stays", 1), std::string("and stays"));
}

UNIT_TEST("forged records move nobody and are counted") {
  ChannelRig rig;
  Tunnel* tunnel = rig.add_tunnel(1, secret_of(kPsk));
  const auto client = connect(rig);
  client->send(text_of("true"));
  const Flight records = client->take_output();
  REQUIRE(records.size() == 1);
  Bytes forged = records[0];
  forged.back() ^= 1;
  rig.send(forged);
  rig.send(forged, 1);
  CHECK(tunnel->active.path.peer == rig.client(0));
  CHECK(rig.receive(0).empty() && rig.receive(1).empty());
  CHECK(rig.totals.dropped_packets() >= 1);
  rig.send(records[0]);
  CHECK_EQUAL(rig.receive().size(), size_t{1});
}

UNIT_TEST("close_notify ends the channel, and the next hello brings it back") {
  ChannelRig rig;
  Tunnel* tunnel = rig.add_tunnel(1, secret_of(kPsk));
  const auto client = connect(rig);
  client->close();
  for (const Bytes& datagram : client->take_output()) rig.send(datagram);
  REQUIRE(rig.events.size() == 2);
  CHECK_EQUAL(rig.events[1], std::string("closed closed by the client"));
  CHECK(!tunnel->sends_by_dtls());
  CHECK(rig.tunnels.by_endpoint(rig.client(0)) == nullptr);
  connect(rig);
  CHECK(tunnel->sends_by_dtls());
}

UNIT_TEST("the close_notify of an old channel does not disturb a handshake from the same port") {
  ChannelRig rig;
  Tunnel* tunnel = rig.add_tunnel(1, secret_of(kPsk));
  const auto old = connect(rig);
  const auto client = make_client(kModes[0]);
  client->advance();
  for (int round = 0; round < 4; round++) {
    if (tunnel->pending) {
      old->close();
      for (const Bytes& datagram : old->take_output()) rig.send(datagram);
    }
    for (const Bytes& datagram : client->take_output()) rig.send(datagram);
    for (const Bytes& datagram : rig.receive()) client->receive(datagram);
    client->advance();
  }
  CHECK(client->up());
  CHECK_EQUAL(echo(rig, *client, "works"), std::string("works"));
}

UNIT_TEST("a wrong pre-shared key brings no channel up, and the right one does afterwards") {
  ChannelRig rig;
  Tunnel* tunnel = rig.add_tunnel(1, secret_of(kPsk));
  const auto wrong = DtlsClient::create({ChannelRig::app_id_of(1), Bytes(32, 0), "", true});
  LossyNetwork network(&rig, wrong.get(), {}, false);
  CHECK(!network.run());
  CHECK(rig.events.empty());
  CHECK(!tunnel->sends_by_dtls());
  connect(rig);
  CHECK(tunnel->sends_by_dtls());
}

}  // namespace wolfguard
