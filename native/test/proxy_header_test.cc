#include "proxy_header.h"

#include "network_list.h"
#include "samples.h"
#include "unit.h"

namespace wolfguard {
namespace {

using Status = ProxyHeader::Status;

Bytes text(const std::string& line) { return Bytes(line.begin(), line.end()); }

ProxyHeader parse(const Bytes& bytes, ProxyMode mode = ProxyMode::kAny) {
  return parse_proxy_header(mode, bytes.data(), bytes.size());
}

/** Signature, command and family as given, length, address block and TLVs. */
Bytes v2(uint8_t command, uint8_t family, const Bytes& rest) {
  Bytes bytes = samples::from_hex("0d0a0d0a000d0a515549540a");
  bytes.push_back(command);
  bytes.push_back(family);
  bytes.push_back(static_cast<uint8_t>(rest.size() >> 8));
  bytes.push_back(static_cast<uint8_t>(rest.size()));
  bytes.insert(bytes.end(), rest.begin(), rest.end());
  return bytes;
}

const Bytes kBlock4 = samples::from_hex("cb007107c0000201d43101bb");
const Bytes kBlock6 = samples::from_hex(
    "20010db8000000000000000000000007"
    "20010db8000000000000000000000001"
    "d43101bb");

}  // namespace

UNIT_TEST("a PROXY header says who has come, by both versions and families") {
  const struct {
    Bytes bytes;
    const char *client, *server;
  } cases[] = {
      {text("PROXY TCP4 203.0.113.7 192.0.2.1 54321 443\r\n"), "203.0.113.7", "192.0.2.1"},
      {text("PROXY TCP6 2001:db8::7 2001:db8::1 54321 443\r\n"), "2001:db8::7", "2001:db8::1"},
      {text("PROXY TCP6 ::ffff:203.0.113.7 ::1 54321 443\r\n"), "203.0.113.7", "::1"},
      {v2(0x21, 0x11, kBlock4), "203.0.113.7", "192.0.2.1"},
      {v2(0x21, 0x21, kBlock6), "2001:db8::7", "2001:db8::1"},
  };
  for (const auto& [bytes, client, server] : cases) {
    Bytes stream = bytes;
    stream.insert(stream.end(), {0x16, 0x03, 0x01});
    const ProxyHeader header = parse(stream);
    CHECK(header.status == Status::kDone);
    CHECK_EQUAL(header.size, bytes.size());
    REQUIRE(header.ends);
    CHECK_EQUAL(format_address(header.ends->client.address), std::string(client));
    CHECK_EQUAL(format_address(header.ends->server.address), std::string(server));
    CHECK_EQUAL(header.ends->client.port, 54321);
    CHECK_EQUAL(header.ends->server.port, 443);
  }
}

UNIT_TEST("a PROXY header is waited for at each of its bytes, and at none behind it") {
  const Bytes headers[] = {text("PROXY TCP4 203.0.113.7 192.0.2.1 54321 443\r\n"),
                           text("PROXY UNKNOWN\r\n"), v2(0x21, 0x11, kBlock4),
                           v2(0x20, 0x00, Bytes(300, 0xee))};
  for (const Bytes& bytes : headers) {
    for (size_t size = 0; size < bytes.size(); size++) {
      const Bytes part(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(size));
      CHECK(parse(part).status == Status::kMore);
    }
    CHECK(parse(bytes).status == Status::kDone);
    CHECK_EQUAL(parse(bytes).size, bytes.size());
  }
}

UNIT_TEST("a proxy that speaks for itself, or does not say for whom, conveys no address") {
  const Bytes headers[] = {
      text("PROXY UNKNOWN\r\n"),  text("PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n"),
      v2(0x20, 0x00, {}),         v2(0x20, 0x11, kBlock4),  // LOCAL: the addresses mean nothing
      v2(0x21, 0x00, {}),                                   // UNSPEC
      v2(0x21, 0x31, Bytes(216)),                           // UNIX
      v2(0x21, 0x12, kBlock4),                              // a datagram cannot have come by TCP
  };
  for (const Bytes& bytes : headers) {
    const ProxyHeader header = parse(bytes);
    CHECK(header.status == Status::kDone);
    CHECK(!header.ends);
    CHECK_EQUAL(header.size, bytes.size());
  }
}

UNIT_TEST("TLVs behind the addresses are skipped, within 4 KiB") {
  Bytes rest = kBlock4;
  rest.resize(kMaxProxyHeader - 16, 0x04);
  const Bytes largest = v2(0x21, 0x11, rest);
  CHECK_EQUAL(largest.size(), kMaxProxyHeader);
  const ProxyHeader header = parse(largest);
  CHECK(header.status == Status::kDone && header.ends);
  CHECK_EQUAL(header.size, kMaxProxyHeader);
  rest.push_back(0);
  CHECK(parse(v2(0x21, 0x11, rest)).status == Status::kBad);
}

UNIT_TEST("what is no PROXY header is refused as soon as that can be seen") {
  const Bytes bad[] = {
      {0x16},
      text("GET "),
      text("PROXX"),
      text("PROXY TCP4 203.0.113.7 192.0.2.1 54321 443\n" + std::string(80, ' ')),
      text("PROXY TCP4 203.0.113.7 192.0.2.1 54321\r\n"),
      text("PROXY TCP4 203.0.113.7 192.0.2.1 54321 443 \r\n"),
      text("PROXY TCP4  203.0.113.7 192.0.2.1 54321 443\r\n"),
      text("PROXY TCP4 203.0.113.7 192.0.2.1 65536 443\r\n"),
      text("PROXY TCP4 203.0.113.7 192.0.2.1 -1 443\r\n"),
      text("PROXY TCP4 203.0.113.7 192.0.2.1 0443 443\r\n"),
      text("PROXY TCP4 203.0.113 192.0.2.1 1 443\r\n"),
      text("PROXY TCP4 2001:db8::7 2001:db8::1 1 443\r\n"),
      text("PROXY TCP6 203.0.113.7 192.0.2.1 1 443\r\n"),
      text("PROXY TCP5 203.0.113.7 192.0.2.1 1 443\r\n"),
      text("PROXY \r\n"),
      text("PROXY UNKNOWN " + std::string(100, 'x')),
      samples::from_hex("0d0a0d0a000d0b"),
      v2(0x11, 0x11, kBlock4),                              // version 1 in version 2
      v2(0x22, 0x11, kBlock4),                              // no such command
      v2(0x21, 0x41, kBlock4),                              // no such family
      v2(0x21, 0x13, kBlock4),                              // no such transport
      v2(0x21, 0x11, samples::from_hex("cb007107c00002")),  // too short for its addresses
      v2(0x21, 0x21, kBlock4),
  };
  for (const Bytes& bytes : bad) CHECK(parse(bytes).status == Status::kBad);
}

UNIT_TEST("only the version that is wanted is taken") {
  const Bytes line = text("PROXY UNKNOWN\r\n"), binary = v2(0x20, 0, {});
  CHECK(parse(line, ProxyMode::kV1).status == Status::kDone);
  CHECK(parse(line, ProxyMode::kV2).status == Status::kBad);
  CHECK(parse(binary, ProxyMode::kV2).status == Status::kDone);
  CHECK(parse(binary, ProxyMode::kV1).status == Status::kBad);
}

UNIT_TEST("a list of networks holds what its prefixes say, of each family its own") {
  NetworkList list;
  for (const char* network : {"10.0.0.0/8", "192.0.2.7", "2001:db8::/33", "203.0.113.64/26"}) {
    CHECK(list.add(network));
  }
  const struct {
    const char* address;
    bool held;
  } cases[] = {{"10.255.0.1", true},    {"11.0.0.1", false},        {"192.0.2.7", true},
               {"192.0.2.6", false},    {"2001:db8:7fff::1", true}, {"2001:db8:8000::1", false},
               {"203.0.113.127", true}, {"203.0.113.128", false},   {"::ffff:10.0.0.1", true},
               {"::10.0.0.1", false}};
  for (const auto& [text, held] : cases) {
    Address address;
    REQUIRE(parse_address(text, &address));
    CHECK_EQUAL(list.contains(address), held);
  }
  for (const char* bad : {"", "x", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "::/129", "::/1x"}) {
    CHECK(!list.add(bad));
  }
  NetworkList all;
  CHECK(all.add("0.0.0.0/0"));
  Address address;
  CHECK(parse_address("198.51.100.1", &address) && all.contains(address));
  CHECK(parse_address("2001:db8::1", &address) && !all.contains(address));
}

}  // namespace wolfguard
