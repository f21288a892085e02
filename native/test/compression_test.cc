#include "compression.h"

#include "lossy_network.h"
#include "lzs.h"
#include "random.h"
#include "samples.h"
#include "unit.h"

namespace wolfguard {
namespace {

constexpr Compression kBoth[] = {Compression::kLz4, Compression::kLzs};
const uint8_t kInside[4] = {10, 77, 0, 2};

/** Bytes that repeat one another more or less, from not at all to nothing else. */
Bytes any_content(Random& random, size_t size) {
  Bytes content;
  const size_t novelty = 1 + random.below(60), longest = 1 + random.below(600);
  while (content.size() < size) {
    if (content.empty() || random.one_in(novelty)) {
      content.push_back(random.byte());
      continue;
    }
    const size_t from = random.below(content.size());
    for (size_t i = 0, n = 1 + random.below(longest); i < n; i++) {
      content.push_back(content[from + i]);
    }
  }
  content.resize(size);
  return content;
}

Bytes lzs_stream(const Bytes& content) {
  static LzsCompressor compressor;
  Bytes out(content.size() * 2 + 16);
  out.resize(compressor.compress(content, out.data(), out.size()));
  return out;
}

/** Empty where it is no stream. */
Bytes lzs_content(const Bytes& stream, size_t capacity = 2000) {
  Bytes out(capacity);
  out.resize(lzs_decompress(stream, out.data(), out.size()));
  return out;
}

Tunnel* add_tunnel(ChannelRig& rig, Compression algorithm) {
  Tunnel* tunnel = rig.add_tunnel(1, Bytes(32, 1));
  tunnel->params.has_inside4 = true;
  tunnel->params.inside4 = map_ipv4(kInside);
  tunnel->params.tls_compression = algorithm;
  return tunnel;
}

Bytes compressed_frame(Compression algorithm, const Bytes& packet) {
  Compressor compressor;
  Bytes out(packet.size());
  out.resize(compressor.compress(algorithm, packet, out.data()));
  return samples::cstp_frame(8, out);
}

}  // namespace

UNIT_TEST("LZS streams are those of its definition, bit by bit [oc 9]") {
  const Bytes hello = {'h', 'e', 'l', 'l', 'o'};
  CHECK(lzs_stream(hello) == samples::from_hex("34194d86c37e00"));
  CHECK(lzs_content(samples::from_hex("34194d86c37e00")) == hello);
  // A byte, then copies of it from 1 back in every form of a length.
  for (const size_t length : {2, 3, 4, 5, 6, 7, 8, 9, 21, 22, 23, 24, 37, 38, 39, 1000}) {
    const Bytes run(length + 1, 'a');
    CHECK(lzs_content(lzs_stream(run)) == run);
    CHECK(lzs_content(lzs_stream(run), length).empty());
  }
}

UNIT_TEST("what is not LZS is nothing") {
  for (const char* stream :
       {"", "00", "34194d86c3", "34194d86c37e",  // no end
        "c080", "a000", "8000",                  // copies from before the beginning, and from 0
        "30d0ff8000"}) {
    CHECK(lzs_content(samples::from_hex(stream)).empty());
  }
}

UNIT_TEST("a packet is what it was after both ways, by both algorithms, and smaller on the way") {
  Random random(8);
  Compressor compressor;
  size_t smaller = 0;
  for (int i = 0; i < 3000; i++) {
    const Bytes packet = any_content(random, 1 + random.below(random.one_in(10) ? 16376 : 1500));
    for (const Compression algorithm : kBoth) {
      Bytes out(packet.size());
      out.resize(compressor.compress(algorithm, packet, out.data()));
      if (out.empty()) continue;
      CHECK(out.size() < packet.size());
      smaller++;
      Bytes back(packet.size());
      CHECK_EQUAL(decompress(algorithm, out, back.data(), back.size()), packet.size());
      CHECK(back == packet);
      CHECK_EQUAL(decompress(algorithm, out, back.data(), back.size() - 1), size_t{0});
    }
  }
  CHECK(smaller > 3000);
}

UNIT_TEST("noise is not made smaller, and after a while it is hardly tried") {
  Random random(9);
  Compressor compressor;
  CompressionYield yield;
  int tried = 0;
  for (int i = 0; i < 1600; i++) {
    const Bytes packet = random.bytes(1400);
    if (!yield.worth_trying()) continue;
    tried++;
    Bytes out(packet.size());
    for (const Compression algorithm : kBoth) {
      CHECK_EQUAL(compressor.compress(algorithm, packet, out.data()), size_t{0});
    }
    yield.tried(false);
  }
  CHECK(tried > 100 && tried < 120);
  yield.tried(true);
  CHECK(yield.worth_trying());
}

UNIT_TEST("compressed packets pass the same checks as others, and many of them one batch") {
  for (const Compression algorithm : kBoth) {
    ChannelRig rig;
    Tunnel* tunnel = add_tunnel(rig, algorithm);
    std::vector<Bytes> sent;
    for (uint8_t i = 0; i < 250; i++) {
      Bytes packet = samples::ipv4_packet(1000 + i, 2, i);
      if (i % 5 == 4) packet[15] = 3;  // another's address
      Bytes frame = compressed_frame(algorithm, packet);
      rig.inbound().on_early_text(*tunnel, frame.data(), frame.size());
      if (i % 5 != 4) sent.push_back(packet);
    }
    rig.flush();
    CHECK(rig.read_tun() == sent);
    CHECK_EQUAL(tunnel->shared->spoofed_packets.load(), uint64_t{50});
    CHECK_EQUAL(tunnel->shared->rx_packets.load(), uint64_t{200});
    CHECK(tunnel->shared->rx_bytes.load() > 200 * 1000);
  }
}

UNIT_TEST("what was not agreed on, is garbage or larger than the tunnel's packets is dropped") {
  for (const Compression algorithm : kBoth) {
    ChannelRig rig;
    Tunnel* tunnel = add_tunnel(rig, Compression::kNone);
    const Bytes good = samples::ipv4_packet(1400, 2, 9);
    const auto feed = [&](Bytes frame) {
      rig.inbound().on_early_text(*tunnel, frame.data(), frame.size());
      rig.flush();
    };
    feed(compressed_frame(algorithm, good));
    tunnel->params.tls_compression = algorithm;
    feed(samples::cstp_frame(8, {}));
    feed(samples::cstp_frame(8, Bytes(40, 0xff)));
    feed(compressed_frame(algorithm, samples::ipv4_packet(1401, 2, 9)));
    CHECK(rig.read_tun().empty());
    CHECK_EQUAL(tunnel->shared->dropped_packets.load(), uint64_t{4});
    feed(compressed_frame(algorithm, good));
    CHECK(rig.read_tun() == std::vector<Bytes>({good}));
  }
}

UNIT_TEST("by DTLS leaves what has become smaller, and everything else as it is") {
  for (const Compression algorithm : kBoth) {
    ChannelRig rig;
    const Bytes secret(32, 1);
    Tunnel* tunnel = rig.add_tunnel(1, secret);
    const auto client = DtlsClient::create({ChannelRig::app_id_of(1), secret, {}, true});
    LossyNetwork network(&rig, client.get(), {}, false);
    REQUIRE(network.run());
    tunnel->params.dtls_compression = algorithm;
    const auto send = [&](const Bytes& packet) {
      Bytes room(kHeadroom);
      room.insert(room.end(), packet.begin(), packet.end());
      const auto parsed = parse_inside_packet(packet.data(), packet.size());
      rig.outbound().send_data(*tunnel, room.data() + kHeadroom, packet.size(), *parsed);
      rig.flush();
      for (const Bytes& datagram : rig.receive()) client->receive(datagram);
      client->advance();
      return client->read().value_or(Bytes());
    };
    const auto as_it_is = [](Bytes packet) {
      packet.insert(packet.begin(), uint8_t{0});
      return packet;
    };
    const Bytes text = samples::ipv4_packet(1400, 1, 2);
    Bytes noise = text;
    Random random(4);
    for (size_t i = 28; i < noise.size(); i++) noise[i] = random.byte();
    const Bytes small = samples::ipv4_packet(kLeastCompressed - 1, 1, 2);
    CHECK(send(noise) == as_it_is(noise));
    CHECK(send(small) == as_it_is(small));
    const Bytes carried = send(text);
    REQUIRE(carried.size() > 1 && carried.size() < text.size() / 2);
    CHECK_EQUAL(carried[0], uint8_t{8});
    Bytes back(1400);
    CHECK_EQUAL(
        decompress(algorithm, {carried.data() + 1, carried.size() - 1}, back.data(), back.size()),
        back.size());
    CHECK(back == text);
    CHECK_EQUAL(tunnel->shared->tx_bytes.load(), uint64_t{1400 + 1400 + kLeastCompressed - 1});
    tunnel->params.dtls_compression = Compression::kNone;
    CHECK(send(text) == as_it_is(text));
  }
}

}  // namespace wolfguard
