#include "fuzz_acl.h"

#include <algorithm>
#include <memory>

#include "acl_filter.h"
#include "fuzz_packets.h"
#include "mutate.h"

namespace wolfguard::fuzz {

namespace {

void put(Bytes* bytes, uint64_t value, size_t size) {
  for (size_t i = 0; i < size; i++) bytes->push_back(static_cast<uint8_t>(value >> 8 * i));
}

/** Sound but for what chance does to it. */
Bytes any_program(Random& random) {
  const size_t ranges4 = 1 + random.below(6), ranges6 = 1 + random.below(6);
  const size_t classes = 1 + random.below(4), matches = random.below(8);
  Bytes bytes;
  put(&bytes, 0x31434157, 4);
  for (const size_t count : {ranges4, ranges6, classes, matches}) put(&bytes, count, 4);
  for (size_t i = 0; i < ranges4; i++) put(&bytes, i * (1u << 29), 4);
  for (size_t i = 0; i < ranges4; i++) put(&bytes, random.below(classes), 2);
  for (size_t i = 0; i < ranges6; i++) {
    put(&bytes, i, 1);
    put(&bytes, 0, 8);
    put(&bytes, 0, 7);
  }
  for (size_t i = 0; i < ranges6; i++) put(&bytes, random.below(classes), 2);
  for (size_t i = 0; i < classes; i++) {
    const size_t first = random.below(matches + 1);
    put(&bytes, first, 4);
    put(&bytes, random.below(matches - first + 1), 2);
    put(&bytes, random.below(2), 2);
  }
  for (size_t i = 0; i < matches; i++) put(&bytes, random.next(), 6);
  return bytes;
}

/** With any protocol, fragment or extension headers. */
Bytes any_judged_packet(Random& random) {
  Bytes packet = any_segment(random);
  const bool ipv4 = packet[0] >> 4 == 4;
  constexpr uint8_t kNext[] = {0, 43, 44, 50, 51, 58, 59, 60, 132, 135};
  if (random.one_in(2)) packet[ipv4 ? 9 : 6] = kNext[random.below(sizeof kNext)];
  if (random.one_in(4)) packet[ipv4 ? 7 : 40] = random.byte();
  if (ipv4 && random.one_in(4)) packet[0] = static_cast<uint8_t>(0x45 + random.below(11));
  return packet;
}

}  // namespace

int fuzz_acl(Random& random) {
  const Bytes bytes = random.one_in(2) ? any_program(random)
                                       : mutate(random, any_program(random), any_program(random));
  // In memory of exactly that size: a byte too far is seen.
  const auto exact = std::make_unique<uint8_t[]>(bytes.size());
  std::copy(bytes.begin(), bytes.end(), exact.get());
  const auto program = AclProgram::parse({exact.get(), bytes.size()});
  for (int i = 0; i < 20; i++) {
    const Bytes packet = mutate(random, any_judged_packet(random), any_judged_packet(random));
    const auto whole = std::make_unique<uint8_t[]>(packet.size());
    std::copy(packet.begin(), packet.end(), whole.get());
    const auto parsed = parse_inside_packet(whole.get(), packet.size());
    if (!parsed) continue;
    const auto facts = acl_facts(whole.get(), *parsed);
    require(!facts || facts->has_port || facts->port == 0, "a port that is none");
    if (program && facts) {
      AclFilter filter(program, false);
      const bool fresh = filter.allows(whole.get(), *parsed, OwnersView());
      require(fresh == program->allows(*facts), "a filter that is not its program");
      require(fresh == filter.allows(whole.get(), *parsed, OwnersView()), "a verdict that changes");
    }
  }
  return 1;
}

}  // namespace wolfguard::fuzz
