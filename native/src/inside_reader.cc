#include "inside_reader.h"

namespace wolfguard {

namespace {

/** With offload: a super-packet of 64 KiB. */
constexpr size_t kMaxSuperPacket = 65536;
/** Shares of one wake-up: enough to keep batches large, few enough to be fair. */
constexpr int kReadsPerWake = 1024;  // the whole queue of the device (inside.ts)
constexpr size_t kBytesPerWake = 512 << 10;

}  // namespace

InsideReader::InsideReader(TunQueue tun, TunnelTable* tunnels, const OwnersView* owners,
                           HandOver* hand_over, WorkerLinks* links, Outbound* outbound,
                           EngineTotals* totals)
    : tun_(tun),
      tunnels_(tunnels),
      owners_(owners),
      hand_over_(hand_over),
      links_(links),
      outbound_(outbound),
      totals_(totals),
      buffer_(kHeadroom + (tun.takes_tcp() ? kMaxSuperPacket : kMaxInsidePacket)) {}

void InsideReader::read() {
  uint8_t* packet = buffer_.data() + kHeadroom;
  size_t taken = 0;
  for (int i = 0; i < kReadsPerWake && taken < kBytesPerWake; i++) {
    VirtioHeader header;
    const size_t size = tun_.read(&header, packet, buffer_.size() - kHeadroom);
    if (size == 0) break;
    taken += size;
    send(header, packet, size);
  }
}

/** The destination is looked up once for all segments of a super-packet. */
void InsideReader::send(const VirtioHeader& header, uint8_t* packet, size_t size) {
  const auto parsed = parse_inside_packet(packet, size);
  if (!parsed) return;
  Tunnel* tunnel = tunnels_->by_inside(parsed->destination);
  if (tunnel == nullptr || tunnel->state != Tunnel::State::kUp) {
    hold_or_forward(header, packet, size, parsed->destination, tunnel != nullptr);
    return;
  }
  if (!tunnel->filter.may_meet(parsed->source, *owners_)) {
    bump(tunnel->shared->denied_packets);
    bump(totals_->dropped_packets);
    return;
  }
  const bool sound = segment(header, packet, size, [&](uint8_t* part, size_t part_size) {
    outbound_->send_data(*tunnel, part, part_size, *parsed);
  });
  if (!sound) bump(totals_->dropped_packets);
}

/** `left`: it has a tunnel, whose client comes back with another one. */
void InsideReader::hold_or_forward(const VirtioHeader& header, uint8_t* packet, size_t size,
                                   const Address& inside, bool left) {
  const int owner = hand_over_->owner_of(inside);
  const bool hold = owner == hand_over_->self() || (left && owner < 0);
  if (!hold && !hand_over_->empty()) hand_over_->pass_on(inside, owner);
  segment(header, packet, size, [&](uint8_t* part, size_t part_size) {
    if (hold) {
      hand_over_->hold(inside, {part, part_size});
      return;
    }
    const bool sent =
        owner >= 0 && links_->send(owner, LinkKind::kInsidePacket, {}, {part, part_size});
    bump(sent ? totals_->forwarded_packets : totals_->dropped_packets);
  });
}

}  // namespace wolfguard
