#include "fuzz_mss_clamp.h"

#include <algorithm>

#include "mss_clamp.h"
#include "mutate.h"
#include "samples.h"

namespace wolfguard::fuzz {

namespace {

/** Options that nearly make sense: an MSS somewhere among others. */
Bytes any_tcp_options(Random& random) {
  Bytes options;
  while (options.size() < 36 && !random.one_in(8)) {
    if (random.one_in(3)) {
      options.push_back(random.one_in(8) ? 0 : 1);
    } else {
      const bool mss = random.one_in(2);
      const size_t length = mss ? 4 : 2 + random.below(10);
      options.push_back(mss ? 2 : static_cast<uint8_t>(3 + random.below(6)));
      options.push_back(static_cast<uint8_t>(length));
      for (size_t i = 2; i < length; i++) options.push_back(random.byte());
    }
  }
  options.resize(std::min<size_t>(options.size(), 40));
  return options;
}

}  // namespace

/** A clamped SYN differs in its MSS and its checksum, and sums up to what it did. */
int fuzz_mss_clamp(Random& random) {
  samples::TcpSegment syn;
  syn.ipv4 = random.one_in(2);
  syn.flags = random.one_in(8) ? 0x10 : 0x02;
  syn.option_bytes = any_tcp_options(random);
  syn.options = (syn.option_bytes.size() + 3) / 4 * 4;
  Bytes packet = syn.encode();
  if (random.one_in(2)) packet = mutate(random, packet, packet);
  packet.shrink_to_fit();
  const auto parsed = parse_inside_packet(packet.data(), packet.size());
  if (!parsed) return 1;
  const Bytes before = packet;
  clamp_mss(packet.data(), packet.size(), *parsed, static_cast<uint32_t>(random.below(1600)));
  size_t changed = 0;
  for (size_t i = 0; i < packet.size(); i++) changed += packet[i] != before[i];
  require(changed <= 4, "more than an MSS and a checksum has changed");
  const size_t tcp = parsed->version == 4 ? (packet[0] & 15) * 4u : 40;
  if (changed == 0) return 1;
  const auto sum = [&](const Bytes& of) {
    return samples::ones_sum(of.data() + tcp, of.size() - tcp) % 0xffff;
  };
  require(sum(packet) == sum(before), "the checksum does not follow the MSS");
  return 1;
}

}  // namespace wolfguard::fuzz
