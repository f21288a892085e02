#include "acl_lookups.h"

#include <chrono>

namespace wolfguard::load {

namespace {

constexpr int kBatch = 256;
/** More than the caches of any processor that this runs on. */
constexpr size_t kEvictBytes = 256 << 20;

using Clock = std::chrono::steady_clock;

/** A TCP segment to port 443: a header, and the ports behind it. */
struct Packet {
  explicit Packet(bool ipv6) : ipv6(ipv6), size(ipv6 ? 60 : 40) {
    bytes[0] = ipv6 ? 0x60 : 0x45;
    bytes[ipv6 ? 6 : 9] = 6;
    store16(bytes + (ipv6 ? 4 : 2), static_cast<uint16_t>(ipv6 ? 20 : 40));
    store16(bytes + (ipv6 ? 42 : 22), 443);
  }
  /** To any address of IPv4, or of 2000::/3. */
  void address(uint64_t random) {
    if (ipv6) {
      store64(bytes + 24, 0x2000000000000000u | random >> 3);
      store64(bytes + 32, random * 0x9e3779b97f4a7c15u);
    } else {
      store32(bytes + 16, static_cast<uint32_t>(random >> 32));
    }
  }

  bool ipv6;
  size_t size;
  uint8_t bytes[60] = {};
};

}  // namespace

LookupRate measure_lookups(std::shared_ptr<const AclProgram> program, const LookupPlan& plan) {
  AclFilter filter(std::move(program), false);
  const OwnersView owners;
  Packet packet(plan.ipv6);
  Bytes evict(plan.cold ? kEvictBytes : 0, 1);
  uint64_t state = 88172645463325252u, count = 0, allowed = 0, sum = 0;
  packet.address(state);
  std::chrono::nanoseconds spent{0};
  const auto until = Clock::now() + std::chrono::duration<double>(plan.seconds);
  for (auto now = Clock::now(); now < until; now = Clock::now()) {
    for (size_t i = 0; i < evict.size(); i += 64) sum += evict[i]++;
    const auto begun = Clock::now();
    for (int i = 0; i < kBatch; i++) {
      if (plan.random) {
        state ^= state << 13, state ^= state >> 7, state ^= state << 17;
        packet.address(state);
      }
      const auto parsed = parse_inside_packet(packet.bytes, packet.size);
      allowed += parsed && filter.allows(packet.bytes, *parsed, owners) ? 1 : 0;
    }
    spent += Clock::now() - begun;
    count += kBatch;
  }
  const double seconds = std::chrono::duration<double>(spent).count();
  const double share = static_cast<double>(allowed) / static_cast<double>(count);
  return {static_cast<double>(count) / seconds, sum == 1 ? 0 : share};
}

}  // namespace wolfguard::load
