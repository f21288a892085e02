// From the inside to the client, in the order of the steps:
//
//   1  send_data     a packet from the TUN device (or another worker), with 8 bytes of headroom
//   2                a SYN's MSS is clamped; too big for the tunnel: ICMP back into the inside, or
//                    by TLS when it may split; too big for the path only: by TLS, and ICMP as well
//   3                by DTLS when the client is there, else by TLS
//   4                compressed, where that is agreed on and makes it smaller (compression.h)
//   5  seal          into a slot of the UDP batch │ a TLS record into the channel's send buffer
//   6  flush         one sendmmsg for all datagrams, one send a touched TLS channel
#pragma once

#include <vector>

#include "inside_packet.h"
#include "tun_queue.h"
#include "tunnel_table.h"
#include "udp_sender.h"

namespace wolfguard {

enum class Channel { kTls, kDtls };

/** Bytes in front of a packet that step 5 may overwrite: a CSTP header, or one type byte. */
inline constexpr size_t kHeadroom = kCstpHeaderSize;

class Outbound {
 public:
  Outbound(const std::vector<int>& udp_sockets, size_t datagram_size, bool udp_segmentation,
           TunQueue tun, EngineTotals* totals);

  void set_now(int64_t now_ms) { now_ = now_ms; }

  void send_data(Tunnel& tunnel, uint8_t* packet, size_t size, const InsidePacket& parsed);
  /** Control frames are never dropped for a full queue: see TlsChannel::overwhelmed. */
  void send_control(Tunnel& tunnel, Channel channel, PacketType type, ByteView payload);
  /** The client logs out instead of coming back, and shows why [oc 6.3]. */
  void say_goodbye(Tunnel& tunnel, TunnelEnd end);
  /** For that tunnel: its packets bear its mark. */
  void send_datagram(const Tunnel& tunnel, const UdpPath& path, const uint8_t* data, size_t size);
  /** A DPD request as large as the largest packet: does the path take it again? [oc 8.6] */
  void send_path_probe(Tunnel& tunnel);
  /** The first datagram since the last call that was too big for its path. */
  std::optional<PathRefusal> take_path_refusal() { return udp_.take_path_refusal(); }
  /** True once, after the kernel has refused UDP_SEGMENT: it is off from then on. */
  bool take_segmentation_refused() { return udp_.take_segmentation_refused(); }
  /** What the TLS channel has gathered leaves with the next flush. */
  void touch(Tunnel& tunnel);

  /** Calls on_broken(tunnel) for each whose socket is, on_sent for the others that were touched. */
  template <typename OnBroken, typename OnSent>
  void flush(OnBroken&& on_broken, OnSent&& on_sent);

 private:
  /** What a channel carries of a packet: the bytes, with kHeadroom before them, and their type. */
  struct Carried {
    PacketType type;
    uint8_t* data;
    size_t size;
  };

  Carried compressed(Tunnel& tunnel, Compression algorithm, uint8_t* packet, size_t size);
  void sent_by_tls(Tunnel& tunnel);
  bool seal_dtls(Tunnel& tunnel, const uint8_t* text, size_t size);
  void tell_too_big(const Tunnel& tunnel, const uint8_t* packet, size_t size,
                    const InsidePacket& parsed);
  void count_sent(Tunnel& tunnel, Channel channel, size_t size, const InsidePacket& parsed);
  void drop(Tunnel& tunnel, PacketSum reason, size_t packets = 1);
  void count_datagrams(const UdpSender::Sent& sent);

  UdpSender udp_;
  size_t datagram_size_;
  Compressor compressor_;
  /** Holds one compressed packet behind kHeadroom; made when the first tunnel wants it. */
  Bytes compressed_;
  TunQueue tun_;
  EngineTotals* totals_;
  int64_t now_ = 0;
  std::vector<Tunnel*> touched_;
  int64_t too_big_second_ = 0;
  int too_big_budget_ = 0;
};

template <typename OnBroken, typename OnSent>
void Outbound::flush(OnBroken&& on_broken, OnSent&& on_sent) {
  count_datagrams(udp_.flush());
  if (!touched_.empty()) totals_->add(PacketSum::kTlsSendCalls, touched_.size());
  for (size_t i = 0; i < touched_.size(); i++) {  // on_broken may touch another
    Tunnel* tunnel = touched_[i];
    tunnel->touched = false;
    if (tunnel->state == Tunnel::State::kDead) continue;
    if (tunnel->tls().flush()) {
      on_sent(*tunnel);
    } else {
      on_broken(*tunnel);
    }
  }
  touched_.clear();
}

}  // namespace wolfguard
