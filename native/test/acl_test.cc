// What of a packet rules look at [rfc791, rfc8200], and what bytes a program is made of. That the
// verdicts are those of the policy is tested against a model in test/engine/acl.test.ts.
#include "acl_filter.h"
#include "samples.h"
#include "unit.h"

namespace wolfguard {
namespace {

std::optional<AclFacts> facts_of(const Bytes& packet) {
  const auto parsed = parse_inside_packet(packet.data(), packet.size());
  if (!parsed) unit::fail(__FILE__, __LINE__, "not a sound packet");
  return parsed ? acl_facts(packet.data(), *parsed) : std::nullopt;
}

Bytes ipv4(uint8_t protocol, const Bytes& payload, const Bytes& options = {},
           uint16_t fragment = 0) {
  Bytes packet = samples::ipv4_packet(20 + options.size() + payload.size(), 2, 1);
  packet[0] = static_cast<uint8_t>(0x45 + options.size() / 4);
  packet[9] = protocol;
  store16(packet.data() + 6, fragment);
  std::copy(options.begin(), options.end(), packet.begin() + 20);
  std::copy(payload.begin(), payload.end(), packet.end() - static_cast<long>(payload.size()));
  return packet;
}

/** `headers`: everything behind the fixed header. */
Bytes ipv6(uint8_t next, const Bytes& headers) {
  Bytes packet = samples::ipv6_packet(40 + headers.size(), 2, 1);
  packet[6] = next;
  std::copy(headers.begin(), headers.end(), packet.begin() + 40);
  return packet;
}

/** From port 4660 to port 443. */
const Bytes kPorts = samples::from_hex("123401bb00000000");

Bytes behind(const char* headers) {
  Bytes all = samples::from_hex(headers);
  all.insert(all.end(), kPorts.begin(), kPorts.end());
  return all;
}

bool shows(const std::optional<AclFacts>& facts, uint8_t protocol, int port) {
  return facts && facts->protocol == protocol && facts->has_port == (port >= 0) &&
         (port < 0 || facts->port == port);
}

}  // namespace

UNIT_TEST("the port that a packet goes to, of the protocols that have ports") {
  for (const uint8_t protocol : {6, 17, 132}) {
    CHECK(shows(facts_of(ipv4(protocol, kPorts)), protocol, 443));
    CHECK(shows(facts_of(ipv6(protocol, kPorts)), protocol, 443));
  }
  CHECK(shows(facts_of(ipv4(1, kPorts)), 1, -1));
  CHECK(shows(facts_of(ipv4(50, kPorts)), 50, -1));
  CHECK(shows(facts_of(ipv6(58, kPorts)), 58, -1));
}

UNIT_TEST("a packet that ends before its port shows none, whatever lies behind it") {
  Bytes packet = ipv4(6, kPorts);
  store16(packet.data() + 2, 23);  // the rest is no part of it
  CHECK(shows(facts_of(packet), 6, -1));
  packet = ipv6(6, kPorts);
  store16(packet.data() + 4, 3);
  CHECK(shows(facts_of(packet), 6, -1));
}

UNIT_TEST("fragments but the first show their protocol and no port") {
  CHECK(shows(facts_of(ipv4(17, kPorts, {}, 0x2000)), 17, 443));
  CHECK(shows(facts_of(ipv4(17, kPorts, {}, 0x2001)), 17, -1));
  CHECK(shows(facts_of(ipv4(17, kPorts, {}, 0x0001)), 17, -1));
  CHECK(shows(facts_of(ipv6(44, behind("1100000100000000"))), 17, 443));
  CHECK(shows(facts_of(ipv6(44, behind("1100000800000000"))), 17, -1));
}

UNIT_TEST("of a later fragment whose next header is an extension the protocol is unknown") {
  CHECK(!facts_of(ipv6(44, behind("3c00000800000000"))));
}

UNIT_TEST("options of IPv4 are passed over, but for those that lead elsewhere") {
  CHECK(shows(facts_of(ipv4(6, kPorts, samples::from_hex("94040000"))), 6, 443));
  CHECK(shows(facts_of(ipv4(6, kPorts, samples::from_hex("01010100"))), 6, 443));
  CHECK(!facts_of(ipv4(6, kPorts, samples::from_hex("018303040a00000100000000"))));
  CHECK(!facts_of(ipv4(6, kPorts, samples::from_hex("890304000a000001"))));
  // An option of no length: what follows is read differently by everybody.
  CHECK(!facts_of(ipv4(6, kPorts, samples::from_hex("94000000"))));
  CHECK(!facts_of(ipv4(6, kPorts, samples::from_hex("01010194"))));
}

UNIT_TEST("headers of IPv6 are walked to the port") {
  CHECK(shows(facts_of(ipv6(0, behind("3c00050200000000"
                                      "0601000000000000"
                                      "0000000000000000"))),
              6, 443));
  CHECK(shows(facts_of(ipv6(43, behind("1100000000000000"))), 17, 443));
  // No segment is left here; there is one left here.
  CHECK(shows(facts_of(ipv6(43, behind("1102000000000000"
                                       "0000000000000000"
                                       "0000000000000000"))),
              17, 443));
  CHECK(!facts_of(ipv6(43, behind("1102000100000000"
                                  "0000000000000000"
                                  "0000000000000000"))));
  CHECK(shows(facts_of(ipv6(59, kPorts)), 59, -1));
  CHECK(shows(facts_of(ipv6(51, kPorts)), 51, -1));
}

UNIT_TEST("a chain of headers that leaves the packet or does not end cannot be judged") {
  CHECK(!facts_of(ipv6(60, samples::from_hex("06ff000000000000"))));
  CHECK(!facts_of(ipv6(60, samples::from_hex("060000"))));
  Bytes chain;
  for (int i = 0; i < 9; i++) {
    const Bytes header = samples::from_hex(i < 8 ? "3c00010400000000" : "0600010400000000");
    chain.insert(chain.end(), header.begin(), header.end());
  }
  CHECK(!facts_of(ipv6(60, chain)));
}

UNIT_TEST("a filter without program or isolation is not active") {
  CHECK(!AclFilter().active());
  CHECK(AclFilter(nullptr, true).active());
}

UNIT_TEST("an isolated client without the table of owners meets nobody") {
  const Address address = map_ipv4(samples::from_hex("0a4d0009").data());
  CHECK(!AclFilter(nullptr, true).may_meet(address, OwnersView()));
  CHECK(AclFilter(nullptr, false).may_meet(address, OwnersView()));
}

namespace {

/** Both families from 0 on, one class, one match: TCP to port 22 is allowed. */
const char kProgram[] =
    "57414331"
    "01000000"
    "01000000"
    "01000000"
    "01000000"
    "00000000"
    "0000"
    "00000000000000000000000000000000"
    "0000"
    "00000000"
    "0100"
    "00"
    "00"
    "0601"
    "1600"
    "1600";

}  // namespace

UNIT_TEST("a program that is cut, has a gap at its begin or points outside itself is refused") {
  const Bytes good = samples::from_hex(kProgram);
  REQUIRE(AclProgram::parse(good) != nullptr);
  for (size_t size = 0; size < good.size(); size++) {
    CHECK(AclProgram::parse(ByteView(good).first(size)) == nullptr);
  }
  // The magic, the count of ranges, the first address, its class, the first match, how many.
  for (const size_t at : {0, 4, 20, 24, 44, 46, 48}) {
    Bytes bad = good;
    bad[at]++;
    CHECK(AclProgram::parse(bad) == nullptr);
  }
}

UNIT_TEST("what no match speaks of is as the class says, and a missing port allows nothing") {
  const auto program = AclProgram::parse(samples::from_hex(kProgram));
  REQUIRE(program != nullptr);
  AclFacts facts{map_ipv4(samples::from_hex("0a000001").data()), true, 6, true, 22};
  CHECK(program->allows(facts));
  facts.port = 23;
  CHECK(!program->allows(facts));
  facts = {facts.destination, true, 6, false, 0};
  CHECK(!program->allows(facts));
  facts = {facts.destination, true, 17, true, 22};
  CHECK(!program->allows(facts));
}

}  // namespace wolfguard
