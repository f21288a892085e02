#include "inbound.h"

#include <algorithm>

#include "flow_hash.h"
#include "mss_clamp.h"

namespace wolfguard {

namespace {

/** Packets of a batch: enough for the coalescer to make super-packets of them. */
constexpr size_t kDecompressedBytes = 128 << 10;

}  // namespace

Inbound::Inbound(TunQueue tun, const OwnersView* owners, Outbound* outbound, TunnelCloser* closer,
                 EngineTotals* totals)
    : coalescer_(tun), owners_(owners), outbound_(outbound), closer_(closer), totals_(totals) {}

void Inbound::on_tls_bytes(Tunnel& tunnel, uint8_t* data, size_t size) {
  TlsRecords& records = tunnel.tls().records();
  records.feed(data, size);
  tunnel.tls_rx_ms = now_;
  for (;;) {
    std::span<uint8_t> text;
    switch (records.read(&text)) {
      case TlsRecords::Status::kText:
        on_early_text(tunnel, text.data(), text.size());
        if (!tunnel.receives()) return;
        break;
      case TlsRecords::Status::kAgain:
        if (records.has_answer()) outbound_->touch(tunnel);
        return;
      case TlsRecords::Status::kClosed:
        closer_->close(tunnel, TunnelEnd::kLost, false);
        return;
      case TlsRecords::Status::kFailed:
        closer_->close(tunnel, TunnelEnd::kProtocolError, false);
        return;
    }
  }
}

void Inbound::on_early_text(Tunnel& tunnel, uint8_t* data, size_t size) {
  const bool copied = !tunnel.reader.empty();
  const bool sound =
      tunnel.reader.feed(data, size, [&](PacketType type, uint8_t* payload, size_t payload_size) {
        return on_frame(tunnel, Channel::kTls, type, payload, payload_size);
      });
  // Those packets stand in the reader's own buffer, which the next text may move.
  if (copied) flush();
  if (!sound && tunnel.receives()) {
    closer_->close(tunnel, TunnelEnd::kProtocolError, false);
  }
}

void Inbound::on_dtls_text(Tunnel& tunnel, uint8_t* text, size_t size) {
  if (size == 0) return;
  on_frame(tunnel, Channel::kDtls, static_cast<PacketType>(text[0]), text + 1, size - 1);
}

/** false: the tunnel is over. */
bool Inbound::on_frame(Tunnel& tunnel, Channel channel, PacketType type, uint8_t* payload,
                       size_t size) {
  switch (type) {
    case PacketType::kData:
    case PacketType::kCompressed:
      // The client has lost UDP, or it would have used it [oc 7.2].
      if (channel == Channel::kTls && tunnel.sends_by_dtls()) tunnel.silence_dtls();
      if (type == PacketType::kData) {
        on_data(tunnel, channel, payload, size);
      } else {
        on_compressed(tunnel, channel, {payload, size});
      }
      return true;
    case PacketType::kDpdRequest:
      // The whole body goes back: over DTLS it is the client's MTU probe [oc 8.6].
      outbound_->send_control(tunnel, channel, PacketType::kDpdResponse, {payload, size});
      return true;
    case PacketType::kDisconnect:
      return on_disconnect(tunnel, payload, size);
    case PacketType::kDpdResponse:
      if (channel == Channel::kDtls && tunnel.path_limit.probed) forget_path_limit(tunnel);
      return true;
    case PacketType::kKeepalive:
    case PacketType::kTerminate:
      return true;
  }
  return true;  // a type of the future: ocserv ignores it as well [oc 6.2]
}

bool Inbound::on_disconnect(Tunnel& tunnel, const uint8_t* payload, size_t size) {
  bool logout = false;
  if (size > 0) {
    const auto reason = static_cast<DisconnectReason>(payload[0]);
    logout = reason == DisconnectReason::kUserLogout || reason == DisconnectReason::kLocalError;
  }
  closer_->close(tunnel, logout ? TunnelEnd::kUserDisconnect : TunnelEnd::kLost, false);
  return false;
}

/** No packet may become larger than the tunnel's own: a few bytes would else fill a buffer. */
void Inbound::on_compressed(Tunnel& tunnel, Channel channel, ByteView payload) {
  const TunnelParams& params = tunnel.params;
  const Compression algorithm =
      channel == Channel::kDtls ? params.dtls_compression : params.tls_compression;
  const size_t most = std::min<size_t>(params.mtu, kMaxCstpPayload);
  if (algorithm != Compression::kNone) {
    if (decompressed_.empty()) decompressed_.resize(kDecompressedBytes);
    if (decompressed_used_ + most > decompressed_.size()) flush();
  }
  uint8_t* packet = decompressed_.data() + decompressed_used_;
  const size_t size = decompress(algorithm, payload, packet, most);
  if (size == 0) {
    drop(tunnel, PacketSum::kDropCompression);
    return;
  }
  decompressed_used_ += size;
  on_data(tunnel, channel, packet, size);
}

void Inbound::on_data(Tunnel& tunnel, Channel channel, uint8_t* packet, size_t size) {
  const auto parsed = parse_inside_packet(packet, size);
  if (!parsed || !owns_source(tunnel, *parsed)) {
    // Every system sends router solicitations into a new link: not sound to route, no spoofing.
    const bool spoofed = parsed && !is_from_own_link(*parsed);
    bump(spoofed ? tunnel.shared->spoofed_packets : tunnel.shared->dropped_packets);
    totals_->add(spoofed  ? PacketSum::kDropSourceForged
                 : parsed ? PacketSum::kDropLinkLocal
                          : PacketSum::kDropReceivedBadPacket);
    return;
  }
  if (tunnel.filter.active() && !tunnel.filter.allows(packet, *parsed, *owners_)) {
    bump(tunnel.shared->denied_packets);
    totals_->add(PacketSum::kDropReceivedDenied);
    return;
  }
  if (tunnel.rx_limit && !tunnel.rx_limit->take(size, flow_hash(packet, size, *parsed), now_)) {
    drop(tunnel, PacketSum::kDropReceivedRate);
    return;
  }
  clamp_mss(packet, size, *parsed, tunnel.data_mtu());
  coalescer_.add(packet, size);
  bump(tunnel.shared->rx_packets);
  bump(tunnel.shared->rx_bytes, size);
  totals_->add(
      channel == Channel::kDtls ? PacketSum::kReceivedDtlsPackets : PacketSum::kReceivedTlsPackets,
      1, size);
  if (is_real_data(*parsed)) tunnel.data_ms = now_;
}

void Inbound::flush() {
  const Coalescer::Written written = coalescer_.flush();
  if (written.calls > 0) {
    totals_->add(PacketSum::kTunWriteCalls, written.calls);
    totals_->add(PacketSum::kTunWritePackets, written.packets);
  }
  if (written.refused > 0) totals_->add(PacketSum::kDropTunRefused, written.refused);
  decompressed_used_ = 0;
}

void Inbound::drop(Tunnel& tunnel, PacketSum reason) {
  bump(tunnel.shared->dropped_packets);
  totals_->add(reason);
}

bool Inbound::owns_source(const Tunnel& tunnel, const InsidePacket& packet) const {
  const TunnelParams& params = tunnel.params;
  const bool ipv4 = packet.version == 4;
  if (ipv4 ? params.has_inside4 && packet.source == params.inside4
           : params.has_inside6 &&
                 InsideNetwork{params.inside6, params.inside6_prefix}.contains(packet.source)) {
    return true;
  }
  return std::any_of(params.networks.begin(), params.networks.end(), [&](const auto& network) {
    // An IPv6 packet may bear an IPv4-mapped address, which is nobody's.
    return is_mapped_ipv4(network.base) == ipv4 && network.contains(packet.source);
  });
}

}  // namespace wolfguard
