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
  size_t taken = 0, reads = 0;
  for (int i = 0; i < kReadsPerWake && taken < kBytesPerWake; i++) {
    VirtioHeader header;
    const size_t size = tun_.read(&header, packet, buffer_.size() - kHeadroom);
    if (size == 0) break;
    taken += size;
    reads++;
    send(header, packet, size);
  }
  if (reads > 0) totals_->add(PacketSum::kTunReadCalls, reads);
}

/** The destination is looked up once for all segments of a super-packet. */
void InsideReader::send(const VirtioHeader& header, uint8_t* packet, size_t size) {
  const auto parsed = parse_inside_packet(packet, size);
  if (!parsed) {
    totals_->add(PacketSum::kDropSentBadPacket);
    return;
  }
  Tunnel* tunnel = tunnels_->by_inside(parsed->destination);
  if (tunnel == nullptr || tunnel->state != Tunnel::State::kUp) {
    hold_or_forward(header, packet, size, parsed->destination, tunnel != nullptr);
    return;
  }
  if (!tunnel->filter.may_meet(parsed->source, *owners_)) {
    bump(tunnel->shared->denied_packets);
    totals_->add(PacketSum::kDropSentDenied);
    return;
  }
  size_t parts = 0;
  const bool sound = segment(header, packet, size, [&](uint8_t* part, size_t part_size) {
    parts++;
    outbound_->send_data(*tunnel, part, part_size, *parsed);
  });
  totals_->add(PacketSum::kTunReadPackets, parts);
  if (!sound) totals_->add(PacketSum::kDropSentBadPacket);
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
    totals_->add(sent        ? PacketSum::kForwardedPackets
                 : owner < 0 ? PacketSum::kDropNoRoute
                             : PacketSum::kDropSentMailbox);
  });
}

}  // namespace wolfguard
