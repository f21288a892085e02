// From what a channel has decrypted to the TUN device.
#include "channel_rig.h"
#include "random.h"
#include "samples.h"
#include "unit.h"

namespace wolfguard {
namespace {

/** A tunnel that owns 10.77.0.2 and fd00::2. */
Tunnel* add_tunnel(ChannelRig& rig) {
  Tunnel* tunnel = rig.add_tunnel(1, Bytes(32, 1));
  const uint8_t inside[4] = {10, 77, 0, 2};
  tunnel->params.has_inside4 = tunnel->params.has_inside6 = true;
  tunnel->params.inside4 = map_ipv4(inside);
  tunnel->params.inside6 = {0xfd};
  tunnel->params.inside6[15] = 2;
  return tunnel;
}

Bytes data_frame(const Bytes& packet) { return samples::cstp_frame(0, packet); }

void append(Bytes* out, const Bytes& more) { out->insert(out->end(), more.begin(), more.end()); }

}  // namespace

UNIT_TEST("frames split over many records of one receive reach the TUN device unchanged") {
  for (uint64_t seed = 1; seed <= 60; seed++) {
    Random random(seed);
    ChannelRig rig(TunOffload::kTcpAndUdp);
    Tunnel* tunnel = add_tunnel(rig);
    Bytes stream, sent;
    for (size_t i = 0; i < 30; i++) {
      samples::TcpSegment segment;
      segment.sequence = static_cast<uint32_t>(sent.size());
      segment.payload = random.bytes(1200);
      append(&sent, segment.payload);
      append(&stream, data_frame(segment.encode()));
    }
    // All of this is one wake-up: nothing is written before its end unless it must be.
    std::vector<Bytes> records;
    for (size_t at = 0; at < stream.size();) {
      const size_t size = 1 + random.below(std::min<size_t>(stream.size() - at, 3000));
      records.emplace_back(stream.begin() + static_cast<ptrdiff_t>(at),
                           stream.begin() + static_cast<ptrdiff_t>(at + size));
      at += size;
    }
    for (Bytes& record : records) {
      rig.inbound().on_early_text(*tunnel, record.data(), record.size());
    }
    rig.flush();
    Bytes received;
    for (const Bytes& message : rig.read_tun()) {
      const size_t headers = sizeof(VirtioHeader) + 20 + 20;
      received.insert(received.end(), message.begin() + headers, message.end());
    }
    CHECK(received == sent);
  }
}

UNIT_TEST("a packet from an address that is not the session's is counted and not written") {
  ChannelRig rig;
  Tunnel* tunnel = add_tunnel(rig);
  const Bytes good[] = {samples::ipv4_packet(60, 2, 9), samples::ipv6_packet(60, 2, 9)};
  const Bytes bad[] = {samples::ipv4_packet(60, 3, 9), samples::ipv6_packet(60, 3, 9)};
  for (int i = 0; i < 2; i++) {
    for (const Bytes& packet : {good[i], bad[i]}) {
      Bytes frame = data_frame(packet);
      rig.inbound().on_early_text(*tunnel, frame.data(), frame.size());
    }
  }
  rig.flush();
  CHECK(rig.read_tun() == std::vector<Bytes>({good[0], good[1]}));
  CHECK_EQUAL(tunnel->shared->spoofed_packets.load(), uint64_t{2});
  CHECK_EQUAL(tunnel->shared->rx_packets.load(), uint64_t{2});
  CHECK_EQUAL(tunnel->shared->rx_bytes.load(), uint64_t{120});
}

UNIT_TEST("of a client's IPv6 network every address is its own and none beside it, at any prefix") {
  for (uint32_t prefix = 0; prefix <= 128; prefix++) {
    ChannelRig rig;
    Tunnel* tunnel = add_tunnel(rig);
    tunnel->params.inside6_prefix = prefix;
    for (uint32_t bit = 0; bit < 128; bit++) {
      Bytes packet = samples::ipv6_packet(60, 2, 9);
      packet[8 + bit / 8] ^= static_cast<uint8_t>(0x80 >> bit % 8);
      Bytes frame = data_frame(packet);
      rig.inbound().on_early_text(*tunnel, frame.data(), frame.size());
    }
    CHECK_EQUAL(rig.read_tun().size(), size_t{128 - prefix});
    CHECK_EQUAL(tunnel->shared->spoofed_packets.load(), uint64_t{prefix});
  }
}

UNIT_TEST("what comes from a network behind the client is the client's own") {
  ChannelRig rig;
  Tunnel* tunnel = add_tunnel(rig);
  const uint8_t site[4] = {10, 77, 0, 128};
  Address site6{0xfd};
  site6[15] = 0x80;
  tunnel->params.networks = {network_of(map_ipv4(site), 96 + 25), network_of(site6, 121)};
  std::vector<Bytes> good, bad;
  for (const uint8_t last : {2, 128, 255}) {
    good.push_back(samples::ipv4_packet(60, last, 9));
    good.push_back(samples::ipv6_packet(60, last, 9));
  }
  for (const uint8_t last : {3, 127}) {
    bad.push_back(samples::ipv4_packet(60, last, 9));
    bad.push_back(samples::ipv6_packet(60, last, 9));
  }
  // ::ffff:10.77.0.200 in an IPv6 packet is no address of the IPv4 network.
  bad.push_back(samples::ipv6_packet(60, 9, 9));
  const uint8_t host[4] = {10, 77, 0, 200};
  const Address mapped = map_ipv4(host);
  std::copy(mapped.begin(), mapped.end(), bad.back().begin() + 8);
  for (const auto& packets : {good, bad}) {
    for (const Bytes& packet : packets) {
      Bytes frame = data_frame(packet);
      rig.inbound().on_early_text(*tunnel, frame.data(), frame.size());
    }
  }
  rig.flush();
  CHECK(rig.read_tun() == good);
  CHECK_EQUAL(tunnel->shared->spoofed_packets.load(), uint64_t{5});
}

UNIT_TEST("a family without an address may send nothing") {
  ChannelRig rig;
  Tunnel* tunnel = add_tunnel(rig);
  tunnel->params.has_inside4 = tunnel->params.has_inside6 = false;
  for (const Bytes& packet : {samples::ipv4_packet(60, 2, 9), samples::ipv6_packet(60, 2, 9)}) {
    Bytes frame = data_frame(packet);
    rig.inbound().on_early_text(*tunnel, frame.data(), frame.size());
  }
  CHECK(rig.read_tun().empty());
  CHECK_EQUAL(tunnel->shared->spoofed_packets.load(), uint64_t{2});
}

}  // namespace wolfguard
