#include "dtls_hello.h"
#include "dtls_record.h"
#include "samples.h"
#include "unit.h"

namespace wolfguard {
namespace {

samples::Hello sample_hello() {
  samples::Hello hello;
  for (size_t i = 0; i < 32; i++) {
    hello.random[i] = static_cast<uint8_t>(0x40 + i);
    hello.session_id[i] = static_cast<uint8_t>(0x80 + i);
  }
  return hello;
}

/** A copy of the first `size` bytes in a block of just that size: the sanitizer guards its end. */
std::optional<ClientHello> parse(const Bytes& datagram, size_t size, Bytes* kept) {
  kept->assign(datagram.begin(), datagram.begin() + static_cast<ptrdiff_t>(size));
  kept->shrink_to_fit();
  return parse_client_hello(kept->data(), kept->size());
}

template <typename A>
bool same(const A& array, const Bytes& bytes) {
  return bytes.size() == array.size() && memcmp(array.data(), bytes.data(), bytes.size()) == 0;
}

}  // namespace

UNIT_TEST("openconnect's ClientHello has its 168 bytes where [oc 8.2] says, and is understood") {
  const samples::Hello sample = sample_hello();
  const Bytes datagram = sample.encode();
  REQUIRE(CHECK_EQUAL(datagram.size(), size_t{168}));
  CHECK_EQUAL(load16(&datagram[11]), 0x9b);
  CHECK_EQUAL(datagram[59], 0x20);
  CHECK_EQUAL(datagram[60], 0x80);
  CHECK_EQUAL(datagram[92], 0);
  CHECK_EQUAL(load16(&datagram[93]), 0x10);
  const auto header = parse_dtls_header(datagram.data(), datagram.size());
  REQUIRE(header.has_value());
  CHECK(header->type == ContentType::kHandshake);
  CHECK_EQUAL(header->version, 0xfeff);
  CHECK_EQUAL(header->epoch, 0);
  CHECK_EQUAL(header->length, size_t{155});

  CHECK(is_client_hello(datagram.data(), datagram.size()));
  Bytes kept;
  const auto hello = parse(datagram, datagram.size(), &kept);
  REQUIRE(hello.has_value());
  CHECK(hello->random == sample.random);
  CHECK(same(hello->app_id, sample.session_id));
  CHECK(hello->cookie.empty());
}

UNIT_TEST("extension 48018 goes before the session id") {
  samples::Hello sample = sample_hello();
  sample.app_id_extension = Bytes(32, 0x11);
  sample.session_id = {};
  Bytes kept;
  auto hello = parse(sample.encode(), sample.encode().size(), &kept);
  REQUIRE(hello.has_value());
  CHECK(same(hello->app_id, sample.app_id_extension));
  sample.session_id = Bytes(32, 0x22);
  hello = parse(sample.encode(), sample.encode().size(), &kept);
  REQUIRE(hello.has_value());
  CHECK(same(hello->app_id, sample.app_id_extension));
}

UNIT_TEST("an id that has not 32 bytes is no App-ID") {
  Bytes kept;
  for (size_t size : {0, 1, 31, 33, 64, 255}) {
    samples::Hello sample = sample_hello();
    sample.session_id = Bytes(size, 1);
    CHECK(!parse(sample.encode(), sample.encode().size(), &kept).has_value());
    sample = sample_hello();
    sample.app_id_extension = Bytes(size, 1);
    if (size > 0) CHECK(!parse(sample.encode(), sample.encode().size(), &kept).has_value());
  }
}

UNIT_TEST("a ClientHello cut off at any byte is refused") {
  samples::Hello sample = sample_hello();
  sample.cookie = Bytes(32, 0x33);
  sample.app_id_extension = Bytes(32, 0x11);
  const Bytes whole = sample.encode();
  Bytes kept;
  CHECK(parse(whole, whole.size(), &kept).has_value());
  for (size_t size = 0; size < whole.size(); size++) {
    CHECK(!parse(whole, size, &kept).has_value());
    // The same with lengths that agree with the cut: only the fields inside are short.
    if (size < 25) continue;
    Bytes agreeing = whole;
    store16(&agreeing[11], static_cast<uint16_t>(size - 13));
    for (size_t at : {size_t{14}, size_t{22}}) {
      agreeing[at] = 0;
      store16(&agreeing[at + 1], static_cast<uint16_t>(size - 25));
    }
    const auto hello = parse(agreeing, size, &kept);
    // Where the extensions are cut, or missing altogether, the session id counts.
    constexpr size_t kBeforeExtensions = 25 + 2 + 32 + 33 + 33 + 18 + 2;
    CHECK_EQUAL(hello.has_value(), size >= kBeforeExtensions);
    if (hello.has_value()) CHECK(same(hello->app_id, sample.session_id));
  }
}

UNIT_TEST("a ClientHello in fragments, of another epoch or another message is none") {
  const Bytes whole = sample_hello().encode();
  Bytes kept;
  Bytes fragment = whole;
  fragment[21] = 1;  // fragment offset
  CHECK(!parse(fragment, fragment.size(), &kept).has_value());
  fragment = whole;
  fragment[24]--;  // fragment length
  CHECK(!parse(fragment, fragment.size(), &kept).has_value());
  for (size_t at : {size_t{0}, size_t{3}, size_t{4}, size_t{13}}) {
    Bytes other = whole;
    other[at] ^= 3;
    CHECK(!is_client_hello(other.data(), other.size()));
    CHECK(!parse(other, other.size(), &kept).has_value());
  }
}

UNIT_TEST("a HelloVerifyRequest has sequence 0, version DTLS 1.0 and the whole cookie") {
  HelloCookie cookie;
  cookie.fill(0xab);
  const auto out = make_hello_verify_request(cookie);
  Bytes expected = samples::from_hex(
      "16feff0000000000000000002f"
      "030000230000000000000023"
      "feff20");
  expected.insert(expected.end(), 32, 0xab);
  CHECK(same(out, expected));
}

UNIT_TEST("a hello's cookie is good for its address and port and this engine only") {
  const HelloCookies cookies, others;
  const Endpoint client = samples::endpoint(7, 4444);
  const HelloCookie cookie = cookies.make(client);
  CHECK(cookies.verify(client, cookie));
  CHECK(cookies.make(client) == cookie);
  CHECK(!cookies.verify(samples::endpoint(7, 4445), cookie));
  CHECK(!cookies.verify(samples::endpoint(8, 4444), cookie));
  CHECK(!others.verify(client, cookie));
  CHECK(!cookies.verify(client, {}));
  CHECK(!cookies.verify(client, ByteView(cookie).first(31)));
  for (size_t bit = 0; bit < 256; bit++) {
    HelloCookie forged = cookie;
    forged[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    CHECK(!cookies.verify(client, forged));
  }
}

}  // namespace wolfguard
