// From the inside to the client, in the order of the steps:
//
//   1  send_data     a packet from the TUN device (or another worker), with 8 bytes of headroom
//   2                too big for the tunnel: ICMP back into the inside, or by TLS when it may split
//   3                by DTLS when the client is there, else by TLS
//   4  seal          into a slot of the UDP batch │ a TLS record into the stream's output buffer
//   5  flush         one sendmmsg for all datagrams, one send a touched TLS stream
#pragma once

#include <vector>

#include "inside_packet.h"
#include "tun_queue.h"
#include "tunnel_table.h"
#include "udp_sender.h"

namespace wolfguard {

enum class Channel { kTls, kDtls };

/** Bytes in front of a packet that step 4 may overwrite: a CSTP header, or one type byte. */
inline constexpr size_t kHeadroom = kCstpHeaderSize;

class Outbound {
 public:
  Outbound(const std::vector<int>& udp_sockets, size_t datagram_size, bool udp_segmentation,
           TunQueue tun, EngineTotals* totals);

  void set_now(int64_t now_ms) { now_ = now_ms; }

  void send_data(Tunnel& tunnel, uint8_t* packet, size_t size, const InsidePacket& parsed);
  /** Control frames are never dropped for a full queue: see kMaxTlsOutput. */
  void send_control(Tunnel& tunnel, Channel channel, PacketType type, ByteView payload);
  void send_datagram(const UdpPath& path, const uint8_t* data, size_t size);
  /** True once, after the kernel has refused UDP_SEGMENT: it is off from then on. */
  bool take_segmentation_refused() { return udp_.take_segmentation_refused(); }
  /** What OpenSSL has gathered (answers of its own) leaves with the next flush. */
  void touch(Tunnel& tunnel);

  /** Calls on_broken(tunnel) for each whose socket is, and on_blocked when it must wait for room.
   */
  template <typename OnBroken, typename OnBlocked>
  void flush(OnBroken&& on_broken, OnBlocked&& on_blocked);

 private:
  /**
   * Far beyond what data may leave waiting: only a client that makes us answer (DPD requests of
   * 16 KiB) and never reads gets here. It is cut off, or it would fill our memory.
   */
  static constexpr size_t kMaxTlsOutput = 1 << 20;

  bool seal_dtls(Tunnel& tunnel, const uint8_t* text, size_t size);
  void refuse_too_big(Tunnel& tunnel, const uint8_t* packet, size_t size,
                      const InsidePacket& parsed);
  void count_sent(Tunnel& tunnel, size_t size, const InsidePacket& parsed);
  void drop(Tunnel& tunnel);

  UdpSender udp_;
  size_t datagram_size_;
  TunQueue tun_;
  EngineTotals* totals_;
  int64_t now_ = 0;
  std::vector<Tunnel*> touched_;
  int64_t too_big_second_ = 0;
  int too_big_budget_ = 0;
};

template <typename OnBroken, typename OnBlocked>
void Outbound::flush(OnBroken&& on_broken, OnBlocked&& on_blocked) {
  if (const size_t lost = udp_.flush()) bump(totals_->dropped_packets, lost);
  for (size_t i = 0; i < touched_.size(); i++) {  // on_broken may touch another
    Tunnel* tunnel = touched_[i];
    tunnel->touched = false;
    if (tunnel->state == Tunnel::State::kDead) continue;
    TlsStream& tls = *tunnel->connection->tls;
    if (!tls.flush(tunnel->connection->socket.get()) || tls.pending_output() > kMaxTlsOutput) {
      on_broken(*tunnel);
    } else if ((tls.pending_output() > 0) != tunnel->waits_for_room) {
      on_blocked(*tunnel);
    }
  }
  touched_.clear();
}

}  // namespace wolfguard
