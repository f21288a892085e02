// A session's way from one tunnel to the next without a lost packet [oc 7.3]. The client opens the
// new one when the time that it was told for a rekey has come; before that (openconnect) or after
// it (others) it closes the old one. The two may be on different workers.
//
//           client closes it                            another one is granted
//   kUp ─────────────────────► kLeft: it sends nothing, ──────────────────────► kLeft and told:
//    │                         what is for its client   what is held goes to    out of the way of
//    │ another one is granted  is held in the room      the new one's worker    packets inside
//    └────────────────────────────────────────────────────────────────────────────────▲
//
// Both take what is still under way from the client, by TLS and by DTLS. The primary has made the
// new tunnel's worker the owner of the addresses before the old one hears of it, and that worker
// holds packets in its room until the tunnel is there.
#pragma once

#include "poller.h"
#include "tunnel_table.h"
#include "waiting_room.h"
#include "worker_links.h"

namespace wolfguard {

class OwnersView;

class HandOver {
 public:
  /** A datagram that was under way when the new tunnel came arrives within this. */
  static constexpr int64_t kStragglersMs = 1000;

  HandOver(TunnelTable* tunnels, const OwnersView* owners, const WorkerLinks* links, Poller* poller,
           EventSink* events, EngineTotals* totals)
      : tunnels_(tunnels),
        owners_(owners),
        links_(links),
        poller_(poller),
        events_(events),
        totals_(totals) {}

  void set_now(int64_t now_ms);

  /**
   * A tunnel that receives has come to this end. true: it goes on receiving, until next_check_ms;
   * false: it is really over.
   */
  bool keep(Tunnel& tunnel, TunnelEnd end);
  /** Tells JavaScript, once a tunnel. */
  void tell_end(Tunnel& tunnel, TunnelEnd end);
  /** Nothing is read from its socket any more. */
  void deafen(Tunnel& tunnel);

  /** A packet for a client that is between two tunnels, the next of them on this worker. */
  void hold(const Address& inside, ByteView packet);
  /** What is held for the address goes to that worker, before another packet does. */
  void pass_on(const Address& inside, int worker);
  /** A tunnel is new: calls give(packet, size), with room in front, for all that has waited. */
  template <typename Give>
  void take_waiting(const Tunnel& tunnel, Give&& give);

  /** The worker that owns the address; -1 = nobody. */
  int owner_of(const Address& inside) const;
  int self() const { return links_->self(); }
  /** Nothing is held. */
  bool empty() const { return room_.empty(); }

 private:
  bool is_due(const Tunnel& tunnel) const;
  void leave(Tunnel& tunnel);
  void supersede(Tunnel& tunnel);
  void forget(const Tunnel& tunnel);
  bool leads_to(const Address& inside, const Tunnel& tunnel) const {
    return tunnels_->by_inside(inside) == &tunnel;
  }
  void send_on(int worker, ByteView packet);

  TunnelTable* tunnels_;
  const OwnersView* owners_;
  const WorkerLinks* links_;
  Poller* poller_;
  EventSink* events_;
  EngineTotals* totals_;
  WaitingRoom room_;
  int64_t now_ = 0;
};

template <typename Give>
void HandOver::take_waiting(const Tunnel& tunnel, Give&& give) {
  if (room_.empty()) return;
  Bytes copy;
  room_.release_if([&](const Address& inside) { return leads_to(inside, tunnel); },
                   [&](const Address&, ByteView packet) {
                     copy.assign(kCstpHeaderSize, 0);
                     copy.insert(copy.end(), packet.begin(), packet.end());
                     give(copy.data() + kCstpHeaderSize, packet.size());
                   });
}

}  // namespace wolfguard
