#include "engine_totals.h"

namespace wolfguard {

namespace {

// core/metrics/sums.ts reads them; the part behind the first dot says what, then how.
constexpr const char* kPacketNames[] = {
    "received.tls.packets",
    "received.tls.bytes",
    "received.dtls.packets",
    "received.dtls.bytes",
    "sent.tls.packets",
    "sent.tls.bytes",
    "sent.dtls.packets",
    "sent.dtls.bytes",
    "forwarded",
    "calls.udp_receive",
    "moved.udp_receive",
    "calls.udp_send",
    "moved.udp_send",
    "calls.tun_read",
    "moved.tun_read",
    "calls.tun_write",
    "moved.tun_write",
    "calls.tls_receive",
    "calls.tls_send",
    "dtls.ok.full",
    "dtls.ok.resumed",
    "dtls.failed",
    "offload.udp_segmentation",
    "offload.udp_joining",
    "offload.tun_joining",
    "drop.received.bad_record",
    "drop.received.replay",
    "drop.received.unknown_peer",
    "drop.received.roaming_denied",
    "drop.received.flood",
    "drop.received.bad_packet",
    "drop.received.bad_compression",
    "drop.received.link_local",
    "drop.received.source_forged",
    "drop.received.acl_denied",
    "drop.received.rate_limit",
    "drop.received.tun_refused",
    "drop.received.mailbox_full",
    "drop.sent.bad_packet",
    "drop.sent.acl_denied",
    "drop.sent.no_route",
    "drop.sent.mailbox_full",
    "drop.sent.hand_over",
    "drop.sent.too_big",
    "drop.sent.rate_limit",
    "drop.sent.seal_failed",
    "drop.sent.tls_queue_full",
    "drop.sent.udp_refused",
};
static_assert(std::size(kPacketNames) == EngineTotals::kPacketSums);

constexpr const char* kFrontNames[] = {
    "tls.ok.1_2",       "tls.ok.1_3",         "tls.failed",          "tls.timed_out",
    "tls.abandoned",    "tls.refused.banned", "tls.refused.rate",    "tls.refused.source",
    "tls.refused.full", "tls.refused.proxy",  "tls.refused.unready",
};
static_assert(std::size(kFrontNames) == EngineTotals::kFrontSums);

template <typename Sum>
uint64_t sum_from(const EngineTotals& totals, Sum first) {
  uint64_t sum = 0;
  for (auto i = static_cast<size_t>(first); i < static_cast<size_t>(Sum::kCount); i++) {
    sum += totals.get(static_cast<Sum>(i));
  }
  return sum;
}

}  // namespace

const char* name_of(PacketSum sum) { return kPacketNames[static_cast<size_t>(sum)]; }

const char* name_of(FrontSum sum) { return kFrontNames[static_cast<size_t>(sum)]; }

uint64_t EngineTotals::refused() const { return sum_from(*this, kFirstRefusal); }

uint64_t EngineTotals::dropped_packets() const { return sum_from(*this, kFirstDrop); }

}  // namespace wolfguard
