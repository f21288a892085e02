#include "outbound.h"

#include <algorithm>

#include "flow_hash.h"
#include "mss_clamp.h"

namespace wolfguard {

namespace {

/** ICMP errors a second and worker, as a router limits them [rfc1812 4.3.2.8]. */
constexpr int kTooBigPerSecond = 200;
/** Every host takes 576 bytes, and every IPv6 link 1280 [rfc791 3.1, rfc8200 5]. */
constexpr uint32_t kIpv4Minimum = 576, kIpv6Minimum = 1280;

}  // namespace

Outbound::Outbound(const std::vector<int>& udp_sockets, size_t datagram_size, bool udp_segmentation,
                   TunQueue tun, EngineTotals* totals)
    : udp_(udp_sockets, datagram_size, udp_segmentation),
      datagram_size_(datagram_size),
      tun_(tun),
      totals_(totals) {}

void Outbound::send_data(Tunnel& tunnel, uint8_t* packet, size_t size, const InsidePacket& parsed) {
  bool by_dtls = tunnel.sends_by_dtls();
  const uint32_t mtu = tunnel.data_mtu();
  clamp_mss(packet, size, parsed, mtu);
  if (size > mtu) {
    if (parsed.dont_fragment) {
      tell_too_big(tunnel, packet, size, parsed);
      if (size > tunnel.params.mtu) {
        drop(tunnel, PacketSum::kDropTooBig);
        return;
      }
    }
    by_dtls = false;
  }
  if (tunnel.tx_limit && !tunnel.tx_limit->take(size, flow_hash(packet, size, parsed), now_)) {
    drop(tunnel, PacketSum::kDropSentRate);
    return;
  }
  const Carried carried =
      compressed(tunnel, by_dtls ? tunnel.params.dtls_compression : tunnel.params.tls_compression,
                 packet, size);
  if (by_dtls) {
    carried.data[-1] = static_cast<uint8_t>(carried.type);
    if (!seal_dtls(tunnel, carried.data - 1, carried.size + 1)) {
      drop(tunnel, PacketSum::kDropSeal);
      return;
    }
    tunnel.dtls_unanswered = true;
  } else {
    uint8_t* frame = carried.data - kCstpHeaderSize;
    encode_cstp_header(frame, carried.type, carried.size);
    const size_t lost = tunnel.tls().send_data({frame, kCstpHeaderSize + carried.size});
    sent_by_tls(tunnel);
    if (lost > 0) drop(tunnel, PacketSum::kDropTlsQueue, lost);
    // Those that had to go were counted when they came: as many that come now are not.
    tunnel.miscounted += lost;
    if (tunnel.miscounted > 0) {
      tunnel.miscounted--;
      if (is_real_data(parsed)) tunnel.data_ms = now_;
      return;
    }
  }
  count_sent(tunnel, by_dtls ? Channel::kDtls : Channel::kTls, size, parsed);
}

void Outbound::send_control(Tunnel& tunnel, Channel channel, PacketType type, ByteView payload) {
  uint8_t frame[kCstpHeaderSize + kMaxCstpPayload];
  if (payload.size() > kMaxCstpPayload) return;
  std::copy(payload.begin(), payload.end(), frame + kCstpHeaderSize);
  if (channel == Channel::kDtls) {
    frame[kCstpHeaderSize - 1] = static_cast<uint8_t>(type);
    seal_dtls(tunnel, frame + kCstpHeaderSize - 1, payload.size() + 1);
    return;
  }
  encode_cstp_header(frame, type, payload.size());
  tunnel.tls().send_control({frame, kCstpHeaderSize + payload.size()});
  sent_by_tls(tunnel);
}

/** A reason byte and words, or nothing at all [oc 6.1]. */
void Outbound::say_goodbye(Tunnel& tunnel, TunnelEnd end) {
  const std::string_view text = tunnel_end_text(end);
  Bytes payload;
  if (!text.empty()) payload.push_back(static_cast<uint8_t>(DisconnectReason::kUserLogout));
  payload.insert(payload.end(), text.begin(), text.end());
  send_control(tunnel, Channel::kTls, PacketType::kDisconnect, payload);
}

void Outbound::send_path_probe(Tunnel& tunnel) {
  const Bytes filling(tunnel.params.mtu);
  send_control(tunnel, Channel::kDtls, PacketType::kDpdRequest, filling);
}

void Outbound::send_datagram(const Tunnel& tunnel, const UdpPath& path, const uint8_t* data,
                             size_t size) {
  udp_.send(path, data, size, tunnel.params.traffic_class);
}

/** The packet itself where compressing it is not agreed on, not worth it, or of no use. */
Outbound::Carried Outbound::compressed(Tunnel& tunnel, Compression algorithm, uint8_t* packet,
                                       size_t size) {
  const Carried plain{PacketType::kData, packet, size};
  if (algorithm == Compression::kNone || size < kLeastCompressed || size > kMaxCstpPayload ||
      !tunnel.compression_yield.worth_trying()) {
    return plain;
  }
  if (compressed_.empty()) compressed_.resize(kHeadroom + kMaxCstpPayload);
  uint8_t* out = compressed_.data() + kHeadroom;
  const size_t smaller = compressor_.compress(algorithm, {packet, size}, out);
  tunnel.compression_yield.tried(smaller > 0);
  return smaller > 0 ? Carried{PacketType::kCompressed, out, smaller} : plain;
}

void Outbound::touch(Tunnel& tunnel) {
  if (tunnel.touched) return;
  tunnel.touched = true;
  touched_.push_back(&tunnel);
}

/** A full socket says itself when it has room; it is touched only to be no longer read from. */
void Outbound::sent_by_tls(Tunnel& tunnel) {
  tunnel.tls_tx_ms = now_;
  if (!tunnel.tls().full() || tunnel.tls().overwhelmed()) touch(tunnel);
}

bool Outbound::seal_dtls(Tunnel& tunnel, const uint8_t* text, size_t size) {
  if (!tunnel.active.keys || size + kMaxDtlsOverhead > datagram_size_) return false;
  const size_t sealed =
      tunnel.active.keys->seal(ContentType::kApplicationData, text, size, udp_.slot());
  if (sealed == 0) return false;
  udp_.commit(tunnel.active.path, sealed, tunnel.params.traffic_class);
  tunnel.dtls_tx_ms = now_;
  return true;
}

void Outbound::tell_too_big(const Tunnel& tunnel, const uint8_t* packet, size_t size,
                            const InsidePacket& parsed) {
  // Nobody goes lower for long; what is no larger than that just goes by TLS.
  const uint32_t floor = parsed.version == 4 ? kIpv4Minimum : kIpv6Minimum;
  const uint32_t mtu = std::max(tunnel.data_mtu(), std::min(floor, tunnel.params.mtu));
  if (size <= mtu) return;
  if (now_ / 1000 != too_big_second_) {
    too_big_second_ = now_ / 1000;
    too_big_budget_ = kTooBigPerSecond;
  }
  if (too_big_budget_ == 0) return;
  too_big_budget_--;
  uint8_t answer[1280];
  const size_t n = make_too_big(packet, size, parsed, mtu, answer);
  // A TUN device that refuses it has lost an advice, no more: the sender will try again.
  if (n > 0) tun_.write_plain(answer, n);
}

void Outbound::count_sent(Tunnel& tunnel, Channel channel, size_t size,
                          const InsidePacket& parsed) {
  bump(tunnel.shared->tx_packets);
  bump(tunnel.shared->tx_bytes, size);
  totals_->add(channel == Channel::kDtls ? PacketSum::kSentDtlsPackets : PacketSum::kSentTlsPackets,
               1, size);
  if (is_real_data(parsed)) tunnel.data_ms = now_;
}

void Outbound::count_datagrams(const UdpSender::Sent& sent) {
  if (sent.calls > 0) {
    totals_->add(PacketSum::kUdpSendCalls, sent.calls);
    totals_->add(PacketSum::kUdpSendPackets, sent.datagrams);
  }
  if (sent.lost > 0) totals_->add(PacketSum::kDropUdpRefused, sent.lost);
}

void Outbound::drop(Tunnel& tunnel, PacketSum reason, size_t packets) {
  bump(tunnel.shared->dropped_packets, packets);
  totals_->add(reason, packets);
}

}  // namespace wolfguard
