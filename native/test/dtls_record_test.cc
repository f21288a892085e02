#include "dtls_record.h"
#include "random.h"
#include "samples.h"
#include "unit.h"

namespace wolfguard {
namespace {

const EVP_CIPHER* const kCiphers[] = {EVP_aes_256_gcm(), EVP_aes_128_gcm(),
                                      EVP_chacha20_poly1305()};

struct Pair {
  std::unique_ptr<DtlsKeys> ours, theirs;
};

Pair make_pair(const EVP_CIPHER* cipher, uint64_t next_sequence = 1) {
  Random random(42);
  DtlsSecrets ours;
  ours.cipher = cipher;
  for (uint8_t& b : ours.read_key) b = random.byte();
  for (uint8_t& b : ours.write_key) b = random.byte();
  for (uint8_t& b : ours.read_iv) b = random.byte();
  for (uint8_t& b : ours.write_iv) b = random.byte();
  ours.next_sequence = next_sequence;
  DtlsSecrets theirs = ours;
  std::swap(theirs.read_key, theirs.write_key);
  std::swap(theirs.read_iv, theirs.write_iv);
  return {DtlsKeys::create(ours), DtlsKeys::create(theirs)};
}

/** A record in a block of its exact size. */
Bytes seal(DtlsKeys& keys, const Bytes& text, ContentType type = ContentType::kApplicationData) {
  Bytes record(text.size() + kMaxDtlsOverhead);
  record.resize(keys.seal(type, text.data(), text.size(), record.data()));
  record.shrink_to_fit();
  return record;
}

/** Of a copy: opening garbles what it does not accept. */
std::optional<Bytes> open(DtlsKeys& keys, Bytes record) {
  const auto header = parse_dtls_header(record.data(), record.size());
  if (!header) return std::nullopt;
  const auto text = keys.open(record.data(), *header);
  if (!text) return std::nullopt;
  return Bytes(text->begin(), text->end());
}

}  // namespace

UNIT_TEST("a DTLS header shorter than its record, at any byte, is refused") {
  Pair pair = make_pair(EVP_aes_256_gcm());
  const Bytes record = seal(*pair.ours, Bytes(100, 5));
  for (size_t size = 0; size < record.size(); size++) {
    const Bytes cut(record.begin(), record.begin() + static_cast<ptrdiff_t>(size));
    CHECK(!parse_dtls_header(cut.data(), cut.size()).has_value());
  }
  const auto header = parse_dtls_header(record.data(), record.size());
  REQUIRE(header.has_value());
  CHECK_EQUAL(header->epoch, 1);
  CHECK_EQUAL(header->version, 0xfefd);
  CHECK_EQUAL(header->sequence, uint64_t{1});
}

UNIT_TEST("records of every cipher and length open once, and hold what was sealed") {
  for (const EVP_CIPHER* cipher : kCiphers) {
    Pair pair = make_pair(cipher);
    REQUIRE(pair.ours && pair.theirs);
    const size_t nonce = cipher == EVP_chacha20_poly1305() ? 0 : 8;
    Random random(1);
    for (size_t size : {0, 1, 15, 16, 17, 1400, 16384}) {
      const Bytes text = random.bytes(size);
      const Bytes record = seal(*pair.ours, text);
      CHECK_EQUAL(record.size(), kDtlsHeaderSize + nonce + size + kAeadTagSize);
      const auto opened = open(*pair.theirs, record);
      CHECK(opened.has_value() && *opened == text);
      CHECK(!open(*pair.theirs, record).has_value());
      CHECK(open(*pair.ours, seal(*pair.theirs, text)).has_value());
    }
  }
}

UNIT_TEST("a record with any byte changed does not open, and the true one still does") {
  for (const EVP_CIPHER* cipher : kCiphers) {
    Pair pair = make_pair(cipher);
    const Bytes text = samples::from_hex("00450000140102030405060708");
    for (size_t round = 0;; round++) {
      const Bytes record = seal(*pair.ours, text);
      if (round == record.size()) break;
      Bytes forged = record;
      forged[round] ^= 1;
      CHECK(!open(*pair.theirs, forged).has_value());
      const auto opened = open(*pair.theirs, record);
      CHECK(opened.has_value() && *opened == text);
    }
  }
}

UNIT_TEST("a record shorter than nonce and tag, or of epoch 0 or 2 or DTLS 1.0, does not open") {
  for (const EVP_CIPHER* cipher : kCiphers) {
    Pair pair = make_pair(cipher);
    const Bytes record = seal(*pair.ours, Bytes(40, 9));
    for (size_t length = 0; length < 40; length++) {
      Bytes cut(record.begin(), record.begin() + static_cast<ptrdiff_t>(kDtlsHeaderSize + length));
      store16(&cut[11], static_cast<uint16_t>(length));
      CHECK(!open(*pair.theirs, cut).has_value());
    }
    for (const auto& [at, value] : {std::pair<size_t, uint8_t>{4, 0}, {4, 2}, {3, 1}, {2, 0xff}}) {
      Bytes other = record;
      other[at] = value;
      CHECK(!open(*pair.theirs, other).has_value());
    }
    CHECK(open(*pair.theirs, record).has_value());
  }
}

UNIT_TEST("a record of a reordered burst opens once, and none that fell behind the window") {
  Pair pair = make_pair(EVP_aes_128_gcm());
  std::vector<Bytes> records;
  for (uint64_t i = 0; i < ReplayWindow::kSize + 10; i++) {
    records.push_back(seal(*pair.ours, Bytes(20, static_cast<uint8_t>(i))));
  }
  CHECK(open(*pair.theirs, records.back()).has_value());
  for (size_t i = 0; i < records.size() - 1; i++) {
    // Sequences 1 … kSize + 10: the window's foot is at 11.
    CHECK_EQUAL(open(*pair.theirs, records[i]).has_value(), i + 1 > 10);
    CHECK(!open(*pair.theirs, records[i]).has_value());
  }
}

UNIT_TEST("number 0 of epoch 1 was the client's Finished and never opens as data") {
  for (const EVP_CIPHER* cipher : kCiphers) {
    Pair pair = make_pair(cipher, 0);
    CHECK(!open(*pair.theirs, seal(*pair.ours, Bytes(10, 1))).has_value());
    CHECK(open(*pair.theirs, seal(*pair.ours, Bytes(10, 1))).has_value());
  }
}

UNIT_TEST("a direction whose numbers are used up seals nothing more") {
  constexpr uint64_t kLast = (uint64_t{1} << 48) - 1;
  Pair pair = make_pair(EVP_aes_256_gcm(), kLast - 1);
  CHECK(open(*pair.theirs, seal(*pair.ours, Bytes(10, 1))).has_value());
  CHECK(seal(*pair.ours, Bytes(10, 1)).empty());
  CHECK(seal(*pair.ours, Bytes(10, 1)).empty());
}

}  // namespace wolfguard
