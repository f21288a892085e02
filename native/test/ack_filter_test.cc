// Which acknowledgements may go, by themselves and in the coalescer's traffic.
#include "ack_filter.h"

#include <algorithm>

#include "coalescer.h"
#include "fake_tun.h"
#include "random.h"
#include "samples.h"
#include "unit.h"

namespace wolfguard {
namespace {

struct Ack {
  uint32_t acknowledged = 1000;
  std::vector<std::pair<uint32_t, uint32_t>> sack = {};
  uint32_t timestamp = 7;
  uint32_t sequence = 5;

  Bytes encode() const {
    Bytes tcp(20);
    store32(tcp.data() + 4, sequence);
    store32(tcp.data() + 8, acknowledged);
    tcp[13] = 0x10;
    append(tcp, {1, 1, 8, 10});
    append32(tcp, timestamp);
    append32(tcp, 99);
    if (!sack.empty()) {
      append(tcp, {1, 1, 5, static_cast<uint8_t>(2 + 8 * sack.size())});
      for (const auto& [left, right] : sack) {
        append32(tcp, left);
        append32(tcp, right);
      }
    }
    tcp[12] = static_cast<uint8_t>(tcp.size() / 4 << 4);
    return tcp;
  }

 private:
  static void append(Bytes& to, std::initializer_list<uint8_t> bytes) {
    to.insert(to.end(), bytes);
  }
  static void append32(Bytes& to, uint32_t value) {
    to.resize(to.size() + 4);
    store32(to.data() + to.size() - 4, value);
  }
};

samples::TcpSegment bare_ack(uint8_t flow, uint32_t acknowledged) {
  samples::TcpSegment segment;
  segment.flow = flow;
  segment.acknowledged = acknowledged;
  return segment;
}

/** What the device gets of these packets when they come in one batch; the virtio headers cut off.
 */
std::vector<Bytes> written_of(std::vector<Bytes> packets) {
  FakeTun tun;
  Coalescer coalescer(TunQueue(tun.engine_fd(), TunOffload::kTcp));
  for (Bytes& packet : packets) coalescer.add(packet.data(), packet.size());
  coalescer.flush();
  std::vector<Bytes> written = tun.read_all();
  for (Bytes& packet : written) packet.erase(packet.begin(), packet.begin() + 10);
  return written;
}

bool supersedes(const Bytes& newer, const Bytes& older) {
  return wolfguard::supersedes(newer.data(), newer.size(), older.data(), older.size());
}

bool supersedes(const Ack& newer, const Ack& older) {
  return supersedes(newer.encode(), older.encode());
}

}  // namespace

UNIT_TEST("an acknowledgement that moves on supersedes the one before it, also over the wrap") {
  CHECK(supersedes(Ack{.acknowledged = 1001}, Ack{.acknowledged = 1000}));
  CHECK(supersedes(Ack{.acknowledged = 5}, Ack{.acknowledged = 0xfffffff0}));
  CHECK(!supersedes(Ack{.acknowledged = 0xfffffff0}, Ack{.acknowledged = 5}));
}

UNIT_TEST("repeated acknowledgements stay: senders count them") {
  CHECK(!supersedes(Ack{}, Ack{}));
  CHECK(!supersedes(Ack{.sack = {{2000, 3000}}}, Ack{}));
}

UNIT_TEST("an acknowledgement of other data, or out of time, supersedes nothing") {
  CHECK(!supersedes(Ack{.acknowledged = 1001, .sequence = 6}, Ack{}));
  CHECK(!supersedes(Ack{.acknowledged = 1001, .timestamp = 6}, Ack{}));
  CHECK(supersedes(Ack{.acknowledged = 1001, .timestamp = 8}, Ack{}));
}

UNIT_TEST("selective acknowledgements go only where the later one covers each") {
  const Ack older{.sack = {{3000, 4000}, {5000, 6000}}};
  CHECK(supersedes(Ack{.acknowledged = 2000, .sack = {{3000, 4500}, {5000, 6000}}}, older));
  CHECK(supersedes(Ack{.acknowledged = 4000, .sack = {{4500, 7000}}}, older));
  CHECK(supersedes(Ack{.acknowledged = 6000}, older));
  CHECK(!supersedes(Ack{.acknowledged = 4000}, older));
  CHECK(!supersedes(Ack{.acknowledged = 2000, .sack = {{3000, 4000}}}, older));
  CHECK(!supersedes(Ack{.acknowledged = 3500, .sack = {{5000, 5999}}}, older));
}

UNIT_TEST("a report of a duplicate is never superseded") {
  const Ack later{.acknowledged = 9000};
  CHECK(!supersedes(later, Ack{.sack = {{500, 600}}}));
  CHECK(!supersedes(later, Ack{.sack = {{3000, 3500}, {3000, 4000}}}));
  CHECK(supersedes(later, Ack{.sack = {{3000, 3500}, {4000, 5000}}}));
}

UNIT_TEST("options that are not known or not sound keep both acknowledgements") {
  const Bytes older = Ack{}.encode();
  const Bytes newer = Ack{.acknowledged = 2000}.encode();
  for (const uint8_t kind : {2, 3, 19, 30, 172}) {
    Bytes strange = older;
    strange[22] = kind;
    CHECK(!supersedes(newer, strange));
    strange = newer;
    strange[22] = kind;
    CHECK(!supersedes(strange, older));
  }
  for (const uint8_t length : {0, 1, 9, 11, 40}) {
    Bytes broken = older;
    broken[23] = length;
    CHECK(!supersedes(newer, broken));
  }
}

UNIT_TEST("no bytes lead the reader of options astray") {
  for (uint64_t seed = 1; seed <= 3000; seed++) {
    Random random(seed);
    Bytes newer = Ack{.acknowledged = 2000, .sack = {{3000, 4000}}}.encode();
    Bytes older = Ack{.sack = {{3000, 4000}}}.encode();
    // Of exactly its size on the heap: a read beyond it is the sanitizer's.
    for (size_t i = random.below(4); i > 0; i--) newer[20 + random.below(20)] = random.byte();
    older.resize(20 + random.below(older.size() - 19));
    older.shrink_to_fit();
    supersedes(newer, older);
    supersedes(older, newer);
  }
}

UNIT_TEST(
    "of the bare acknowledgements of a batch the device gets the last of each 64 KiB and flow") {
  std::vector<Bytes> packets;
  for (uint32_t i = 0; i < 100; i++) {
    packets.push_back(bare_ack(0, 1000 * i).encode());
    packets.push_back(bare_ack(1, 10 * i).encode());
  }
  const std::vector<Bytes> written = written_of(packets);
  REQUIRE(written.size() == 3);
  CHECK(written[0] == bare_ack(0, 65000).encode());
  CHECK(written[1] == bare_ack(0, 99000).encode());
  CHECK(written[2] == bare_ack(1, 990).encode());
}

UNIT_TEST(
    "an acknowledgement with another flag, window probe or service is written, and in order") {
  samples::TcpSegment congested = bare_ack(0, 2000);
  congested.flags |= 0x40;  // ECE
  samples::TcpSegment data = bare_ack(0, 2000);
  data.payload = Bytes(100, 1);
  const Bytes last = bare_ack(0, 3000).encode();
  Bytes expedited = bare_ack(0, 4000).encode();
  expedited[1] = 0xb8;
  store16(&expedited[10], 0);
  store16(&expedited[10], static_cast<uint16_t>(~samples::ones_sum(&expedited[0], 20)));
  const std::vector<Bytes> packets = {bare_ack(0, 1000).encode(),
                                      congested.encode(),
                                      bare_ack(0, 2000).encode(),
                                      data.encode(),
                                      last,
                                      expedited};
  CHECK(written_of(packets) == packets);
}

UNIT_TEST("one whose checksum is wrong is written as it is and supersedes nothing") {
  Bytes wrong = bare_ack(0, 2000).encode();
  wrong[wrong.size() - 4] ^= 1;
  const std::vector<Bytes> packets = {bare_ack(0, 1000).encode(), wrong};
  CHECK(written_of(packets) == packets);
}

UNIT_TEST("what goes is only what a later one of its flow supersedes; the rest keeps its order") {
  for (uint64_t seed = 1; seed <= 200; seed++) {
    Random random(seed);
    std::vector<Bytes> packets;
    uint32_t acknowledged[3] = {0xffff0000, 5, 70000};
    uint16_t id = 0;
    for (size_t i = 1 + random.below(60); i > 0; i--) {
      const uint8_t flow = static_cast<uint8_t>(random.below(3));
      samples::TcpSegment segment = bare_ack(flow, acknowledged[flow] += random.below(3) * 9000);
      if (random.one_in(8)) segment.payload = random.bytes(random.below(50));
      if (random.one_in(10)) segment.flags |= random.byte() & 0xc7;
      segment.ip_id = id++;
      packets.push_back(segment.encode());
    }
    const std::vector<Bytes> written = written_of(packets);
    for (uint8_t flow = 0; flow < 3; flow++) {
      const auto of_flow = [&](const Bytes& packet) { return packet[15] == 2 + flow; };
      std::vector<Bytes> in, out;
      std::copy_if(packets.begin(), packets.end(), std::back_inserter(in), of_flow);
      std::copy_if(written.begin(), written.end(), std::back_inserter(out), of_flow);
      size_t next = 0;
      for (size_t i = 0; i < in.size(); i++) {
        if (next < out.size() && out[next] == in[i]) {
          next++;
          continue;
        }
        // Gone: the next one must be a bare ACK that says more.
        REQUIRE(i + 1 < in.size());
        CHECK(in[i].size() == 40 && in[i][33] == 0x10 && in[i + 1].size() == 40);
        CHECK(wolfguard::supersedes(&in[i + 1][20], 20, &in[i][20], 20));
      }
      CHECK_EQUAL(next, out.size());
    }
  }
}

}  // namespace wolfguard
