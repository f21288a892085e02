#include "rate_limit.h"

#include "channel_rig.h"
#include "lossy_network.h"
#include "samples.h"
#include "segmenter.h"
#include "super_packets.h"
#include "unit.h"

namespace wolfguard {
namespace {

/** Bytes that pass of packets of that size, as many as there could be, looked at so often: to the
 * second refusal in a row, since the first may be a warning. */
int64_t pass(RateLimit& limit, size_t size, int64_t from_ms, int64_t to_ms, int64_t step_ms) {
  int64_t passed = 0;
  for (int64_t now = from_ms; now <= to_ms; now += step_ms) {
    for (int refused = 0; refused < 2;) {
      const bool taken = limit.take(size, 0, now);
      refused = taken ? 0 : refused + 1;
      if (taken) passed += static_cast<int64_t>(size);
    }
  }
  return passed;
}

void check_near(int64_t actual, int64_t expected, double share) {
  const auto difference = static_cast<double>(std::abs(actual - expected));
  if (difference <= share * static_cast<double>(expected)) return;
  unit::fail(__FILE__, __LINE__,
             std::to_string(actual) + " bytes instead of " + std::to_string(expected));
}

/** 100 Mbit/s. */
constexpr int64_t kRate = 12'500'000;

/**
 * What each flow gets through that wants so many bytes a second, in packets of 1000, in the time
 * behind a lead in which the full bucket of the beginning is used up.
 */
std::vector<int64_t> compete(RateLimit& limit, const std::vector<int64_t>& wanted, int64_t ms) {
  constexpr int64_t lead = 2000;
  std::vector<int64_t> passed(wanted.size()), owed(wanted.size());
  for (int64_t now = 0; now < lead + ms; now++) {
    for (size_t turn = 0; turn < wanted.size(); turn++) {
      const size_t flow = (turn + static_cast<size_t>(now)) % wanted.size();
      for (owed[flow] += wanted[flow] / 1000; owed[flow] >= 1000; owed[flow] -= 1000) {
        if (limit.take(1000, static_cast<uint32_t>(flow), now) && now >= lead) passed[flow] += 1000;
      }
    }
  }
  return passed;
}

/** A tunnel whose DTLS channel is up. */
Tunnel* connect(ChannelRig& rig, std::unique_ptr<DtlsClient>* client) {
  const Bytes secret(32, 1);
  Tunnel* tunnel = rig.add_tunnel(1, secret);
  *client = DtlsClient::create({ChannelRig::app_id_of(1), secret, {}, true});
  LossyNetwork network(&rig, client->get(), {}, false);
  if (!network.run()) abort();
  rig.receive();
  const uint8_t inside[4] = {10, 77, 0, 2};
  tunnel->params.has_inside4 = true;
  tunnel->params.inside4 = map_ipv4(inside);
  tunnel->params.mtu = 1400;
  return tunnel;
}

}  // namespace

UNIT_TEST(
    "a limit holds to a hundredth from 8 kbit/s to 10 Gbit/s, however often it is looked at") {
  for (const int64_t rate : {1000l, 1001l, 125'000l, 6'250'000l, 125'000'000l, 1'250'000'000l}) {
    for (const int64_t step_ms : {1, 4, 10}) {
      for (const size_t size : {size_t{40}, size_t{1400}}) {
        if (rate > 125'000'000 && size < 1000) continue;  // the same in more time
        RateLimit limit(rate, 1000);
        pass(limit, size, 1000, 1000, 1);  // the burst
        const int64_t seconds = rate > 10'000'000 ? 1 : 100;
        check_near(pass(limit, size, 1000, 1000 + seconds * 1000, step_ms), rate * seconds,
                   rate < 2000 ? 0.02 : 0.01);
      }
    }
  }
}

UNIT_TEST("after a pause a burst passes: 250 ms' worth, and never less than 128 KiB") {
  for (const int64_t rate : {1000l, 125'000l, 62'500'000l}) {
    RateLimit limit(rate, 0);
    for (const int64_t now : {0l, 3'600'000l, INT64_MAX / 4000}) {
      const int64_t burst = std::max(rate * RateLimit::kBurstMs / 1000, RateLimit::kLeastBurst);
      check_near(pass(limit, 1000, now, now, 1), burst, 0.02);
    }
  }
}

UNIT_TEST("who sends what is his share loses nothing to one who sends all he can") {
  RateLimit limit(kRate, 0);
  const auto passed = compete(limit, {3 * kRate, kRate / 5, kRate / 5, kRate / 5}, 10'000);
  for (const size_t modest : {1, 2, 3}) check_near(passed[modest], 10 * kRate / 5, 0.01);
  check_near(passed[0], 10 * kRate * 2 / 5, 0.02);
}

UNIT_TEST("who would have all gets the same as the others, to a fiftieth, and all of it is used") {
  for (const size_t flows : {2, 4, 16}) {
    RateLimit limit(kRate, 0);
    const auto passed = compete(limit, std::vector<int64_t>(flows, 2 * kRate), 10'000);
    int64_t sum = 0;
    for (const int64_t bytes : passed) {
      check_near(bytes, 10 * kRate / static_cast<int64_t>(flows), 0.02);
      sum += bytes;
    }
    check_near(sum, 10 * kRate, 0.01);
  }
}

UNIT_TEST(
    "flows whose hashes end alike are told apart, and more than there is room for still pass") {
  constexpr uint32_t kAlike = RateLimit::kFlows * 5;
  RateLimit limit(kRate, 0);
  int64_t passed[3] = {};
  for (int64_t now = 0; now < 12'000; now++) {
    for (uint32_t flow = 0; flow < 3; flow++) {
      for (int i = 0; i < (flow == 0 ? 40 : 3); i++) {
        if (limit.take(1000, flow * kAlike, now) && now >= 2000) passed[flow] += 1000;
      }
    }
  }
  check_near(passed[1], 30'000'000, 0.01);
  check_near(passed[2], 30'000'000, 0.01);
  RateLimit crowded(kRate, 0);
  const auto all = compete(crowded, std::vector<int64_t>(200, kRate / 100), 10'000);
  int64_t sum = 0;
  for (const int64_t bytes : all) sum += bytes;
  check_near(sum, 10 * kRate, 0.01);
}

UNIT_TEST("what one flow does not want, the others share") {
  RateLimit limit(kRate, 0);
  const auto passed = compete(limit, {2 * kRate, kRate / 10, 2 * kRate}, 10'000);
  check_near(passed[1], 10 * kRate / 10, 0.01);
  check_near(passed[0], 10 * kRate * 9 / 20, 0.02);
  check_near(passed[2], 10 * kRate * 9 / 20, 0.02);
}

UNIT_TEST("many flows with little to say leave a burst of nearly half the bucket to one that has") {
  RateLimit limit(kRate, 0);
  std::vector<int64_t> wanted(60, 8 * 1000);
  wanted[0] = 0;
  compete(limit, wanted, 3000);
  int64_t burst = 0;
  for (int refused = 0; refused < 2;) {
    const bool taken = limit.take(1000, 0, 5000);
    refused = taken ? 0 : refused + 1;
    if (taken) burst += 1000;
  }
  CHECK(burst > kRate * RateLimit::kBurstMs / 1000 * 4 / 10);
  CHECK(burst <= kRate * RateLimit::kBurstMs / 1000);
}

UNIT_TEST("a flow that has been silent for a second has left all it had to the others") {
  RateLimit limit(kRate, 0);
  compete(limit, {kRate, kRate}, 1000);
  check_near(pass(limit, 1000, 4000, 4000, 1), kRate * RateLimit::kBurstMs / 1000, 0.01);
}

UNIT_TEST("a clock that stands still or goes back adds nothing") {
  RateLimit limit(125'000, 5000);
  pass(limit, 1000, 5000, 5000, 1);
  CHECK(!limit.take(1000, 0, 5000));
  CHECK(!limit.take(1000, 0, 0));
}

UNIT_TEST("before the bucket is empty, single packets are lost, and the more the emptier it is") {
  RateLimit limit(12'500'000, 0);  // 100 Mbit/s: a bucket of 3 MB
  size_t passed = 0, lost[4] = {}, in_a_row = 0;
  constexpr size_t kSize = 1250, kQuarter = 12'500'000 / 4 / 4;
  while (passed < 4 * kQuarter - 2 * kSize) {
    const bool taken = limit.take(kSize, 0, 0);
    if (taken) passed += kSize;
    if (!taken) lost[passed / kQuarter]++;
    in_a_row = taken ? 0 : in_a_row + 1;
    CHECK(in_a_row <= 1);
  }
  CHECK_EQUAL(lost[0] + lost[1], size_t{0});
  CHECK(lost[2] > 10 && lost[3] > 2 * lost[2]);
  CHECK(lost[3] < kQuarter / kSize / 6);
}

UNIT_TEST("who stays a little below the limit loses nothing") {
  RateLimit limit(125'000, 0);
  for (int64_t now = 0; now < 60'000; now += 10) {
    CHECK(limit.take(600, 0, now) && limit.take(600, 0, now));
  }
}

UNIT_TEST("a small packet may pass where a large one finds too little") {
  RateLimit limit(125'000, 0);
  pass(limit, 1400, 0, 0, 1);
  CHECK(!limit.take(1400, 0, 0));
  CHECK(limit.take(52, 0, 0));
}

UNIT_TEST("what a client sends counts by both channels together, and what is too much is dropped") {
  ChannelRig rig;
  std::unique_ptr<DtlsClient> client;
  Tunnel* tunnel = connect(rig, &client);
  tunnel->rx_limit = std::make_unique<RateLimit>(125'000, 0);
  Bytes packet = samples::ipv4_packet(1000, 1, 2);
  const uint8_t inside[4] = {10, 77, 0, 2};
  memcpy(packet.data() + 12, inside, sizeof inside);
  tunnel->params.inside4 = map_ipv4(inside);
  for (int i = 0; i < 100; i++) {
    Bytes frame = samples::cstp_frame(0, packet);
    rig.inbound().on_early_text(*tunnel, frame.data(), frame.size());
    Bytes text = packet;
    text.insert(text.begin(), uint8_t{0});
    rig.inbound().on_dtls_text(*tunnel, text.data(), text.size());
    rig.flush();
  }
  constexpr uint64_t kPassed = RateLimit::kLeastBurst / 1000;
  CHECK_EQUAL(rig.read_tun().size(), kPassed);
  CHECK_EQUAL(tunnel->shared->rx_packets.load(), kPassed);
  CHECK_EQUAL(tunnel->shared->dropped_packets.load(), 200 - kPassed);
  CHECK_EQUAL(tunnel->shared->spoofed_packets.load(), uint64_t{0});
}

UNIT_TEST("of a super-packet that is more than a session may have, the beginning passes") {
  ChannelRig rig;
  std::unique_ptr<DtlsClient> client;
  Tunnel* tunnel = connect(rig, &client);
  tunnel->tx_limit = std::make_unique<RateLimit>(125'000, 0);
  constexpr size_t kSuperPackets = 5, kSegments = 30, kPayload = 1348;
  samples::TcpSegment segment;
  segment.payload = Bytes(kSegments * kPayload);
  const Bytes whole = segment.encode();
  uint64_t sent = 0;
  for (size_t i = 0; i < kSuperPackets; i++) {
    Bytes packet(kHeadroom);
    packet.insert(packet.end(), whole.begin(), whole.end());
    VirtioHeader header{};
    header.gso_type = VirtioHeader::kTcp4;
    header.gso_size = kPayload;
    header.header_size = 40;
    header.flags = VirtioHeader::kNeedsChecksum;
    header.checksum_start = 20;
    header.checksum_offset = 16;
    const auto parsed = parse_inside_packet(packet.data() + kHeadroom, whole.size());
    REQUIRE(parsed);
    CHECK(wolfguard::segment(header, packet.data() + kHeadroom, whole.size(),
                             [&](uint8_t* part, size_t size) {
                               rig.outbound().send_data(*tunnel, part, size, *parsed);
                               sent++;
                             }));
    rig.flush();
  }
  CHECK_EQUAL(sent, uint64_t{kSuperPackets * kSegments});
  constexpr uint64_t kPassed = RateLimit::kLeastBurst / (kPayload + 40);
  CHECK_EQUAL(tunnel->shared->tx_packets.load(), kPassed);
  CHECK_EQUAL(tunnel->shared->dropped_packets.load(), kSuperPackets * kSegments - kPassed);
}

}  // namespace wolfguard
