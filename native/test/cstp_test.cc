#include "cstp.h"
#include "random.h"
#include "samples.h"
#include "unit.h"

namespace wolfguard {
namespace {

struct Frame {
  uint8_t type;
  Bytes payload;
  bool operator==(const Frame&) const = default;
};

/** Feeds the stream in pieces of those sizes; the rest in one piece. Each piece is a heap block of
 * its exact size, so that the sanitizer sees a read past its end. */
bool read_frames(const Bytes& stream, const std::vector<size_t>& pieces, std::vector<Frame>* out) {
  CstpReader reader;
  const auto take = [&](PacketType type, uint8_t* payload, size_t size) {
    out->push_back({static_cast<uint8_t>(type), Bytes(payload, payload + size)});
    return true;
  };
  size_t at = 0;
  for (size_t i = 0; at < stream.size(); i++) {
    const size_t size =
        i < pieces.size() ? std::min(pieces[i], stream.size() - at) : stream.size() - at;
    Bytes piece(stream.begin() + static_cast<ptrdiff_t>(at),
                stream.begin() + static_cast<ptrdiff_t>(at + size));
    if (!reader.feed(piece.data(), piece.size(), take)) return false;
    at += size;
  }
  return true;
}

/** The vectors of [oc Annex C] in one stream. */
Bytes golden_stream(std::vector<Frame>* frames) {
  Bytes packet = samples::ipv4_packet(84, 2, 1);
  Bytes stream = samples::from_hex(
      "5354460100000300"
      "5354460100000700"
      "5354460100040500b0627965"
      "5354460100540000");
  stream.insert(stream.end(), packet.begin(), packet.end());
  *frames = {{3, {}}, {7, {}}, {5, samples::from_hex("b0627965")}, {0, packet}};
  return stream;
}

}  // namespace

UNIT_TEST("a CSTP header is written as in [oc Annex C]") {
  Bytes header(kCstpHeaderSize);
  encode_cstp_header(header.data(), PacketType::kDpdRequest, 0);
  CHECK(header == samples::from_hex("5354460100000300"));
  encode_cstp_header(header.data(), PacketType::kKeepalive, 0);
  CHECK(header == samples::from_hex("5354460100000700"));
  encode_cstp_header(header.data(), PacketType::kDisconnect, 4);
  CHECK(header == samples::from_hex("5354460100040500"));
  encode_cstp_header(header.data(), PacketType::kData, 84);
  CHECK(header == samples::from_hex("5354460100540000"));
}

UNIT_TEST("several CSTP frames in one record come out one by one") {
  std::vector<Frame> expected, frames;
  const Bytes stream = golden_stream(&expected);
  CHECK(read_frames(stream, {}, &frames));
  CHECK(frames == expected);
}

UNIT_TEST("CSTP frames split at every byte, or at every two, come out whole") {
  std::vector<Frame> expected;
  const Bytes stream = golden_stream(&expected);
  for (size_t first = 1; first < stream.size(); first++) {
    for (size_t second : {size_t{1}, size_t{7}, size_t{8}, stream.size()}) {
      std::vector<Frame> frames;
      CHECK(read_frames(stream, {first, second}, &frames));
      CHECK(frames == expected);
    }
  }
  std::vector<Frame> frames;
  CHECK(read_frames(stream, std::vector<size_t>(stream.size(), 1), &frames));
  CHECK(frames == expected);
}

UNIT_TEST("random CSTP frames at random splits come out as they went in") {
  for (uint64_t seed = 1; seed <= 200; seed++) {
    Random random(seed);
    std::vector<Frame> expected, frames;
    Bytes stream;
    for (size_t i = 1 + random.below(8); i > 0; i--) {
      Frame frame{random.byte(),
                  random.bytes(random.one_in(8) ? kMaxCstpPayload : random.below(1500))};
      const Bytes encoded = samples::cstp_frame(frame.type, frame.payload);
      stream.insert(stream.end(), encoded.begin(), encoded.end());
      expected.push_back(std::move(frame));
    }
    std::vector<size_t> pieces;
    for (int i = 0; i < 20; i++) pieces.push_back(1 + random.below(1000));
    CHECK(read_frames(stream, pieces, &frames));
    CHECK(frames == expected);
  }
}

UNIT_TEST("a stream that is no CSTP is refused at its first wrong byte") {
  const Bytes good = samples::from_hex("5354460100000300");
  for (size_t at = 0; at < 4; at++) {
    Bytes bad = good;
    bad[at] ^= 0x20;
    for (size_t size = at + 1; size <= bad.size(); size++) {
      std::vector<Frame> frames;
      CHECK(!read_frames(Bytes(bad.begin(), bad.begin() + static_cast<ptrdiff_t>(size)), {},
                         &frames));
      CHECK(frames.empty());
    }
  }
}

UNIT_TEST("the longest CSTP frame is taken and a longer one refused by its header alone") {
  std::vector<Frame> frames;
  const Bytes longest(kMaxCstpPayload, 7);
  CHECK(read_frames(samples::cstp_frame(0, longest), {}, &frames));
  REQUIRE(frames.size() == 1);
  CHECK(frames[0].payload == longest);
  Bytes header(kCstpHeaderSize);
  encode_cstp_header(header.data(), PacketType::kData, kMaxCstpPayload + 1);
  frames.clear();
  CHECK(!read_frames(header, {}, &frames));
}

UNIT_TEST("a CSTP reader stops where its caller says so") {
  std::vector<Frame> expected;
  Bytes stream = golden_stream(&expected);
  CstpReader reader;
  int seen = 0;
  CHECK(!reader.feed(stream.data(), stream.size(),
                     [&](PacketType, uint8_t*, size_t) { return ++seen < 2; }));
  CHECK_EQUAL(seen, 2);
}

}  // namespace wolfguard
