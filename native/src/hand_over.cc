#include "hand_over.h"

#include "inside_packet.h"
#include "owners.h"

namespace wolfguard {

namespace {

/** Clients count whole seconds, from the answer that they got. */
constexpr int64_t kEarlyMs = 2000;
/** Where a CSTP header has the type. */
constexpr size_t kTypeAt = 6;

}  // namespace

bool HandOver::keep(Tunnel& tunnel, TunnelEnd end) {
  const bool left = tunnel.state == Tunnel::State::kLeft;
  const bool may_stay = end == TunnelEnd::kLost || end == TunnelEnd::kReplaced;
  if (left && (!may_stay || now_ >= tunnel.next_check_ms)) {
    if (!tunnel.told) forget(tunnel);
    return false;
  }
  if (end == TunnelEnd::kReplaced) {
    if (tunnel.told) return true;
    supersede(tunnel);
    tell_end(tunnel, end);
    tunnel.next_check_ms = now_ + kStragglersMs;
    return true;
  }
  if (end != TunnelEnd::kLost || (!left && !is_due(tunnel))) return false;
  deafen(tunnel);
  if (left) return true;  // its datagrams may still be under way
  leave(tunnel);
  tunnel.next_check_ms = now_ + WaitingRoom::kHoldMs;
  return true;
}

void HandOver::tell_end(Tunnel& tunnel, TunnelEnd end) {
  if (tunnel.told) return;
  tunnel.told = true;
  tunnel.set_on_dtls(false);
  events_->tunnel_closed(tunnel.id, end);
}

void HandOver::deafen(Tunnel& tunnel) {
  if (!tunnel.deaf) poller_->remove(tunnel.connection->socket.get());
  tunnel.deaf = true;
}

/** It is time for the client to come with a new tunnel: that it closes this one means that. */
bool HandOver::is_due(const Tunnel& tunnel) const {
  const int64_t rekey = tunnel.params.rekey_ms;
  return rekey > 0 && now_ - tunnel.opened_ms >= rekey - kEarlyMs;
}

/** From now on it sends nothing: its client's packets are held, and those of its backlog. */
void HandOver::leave(Tunnel& tunnel) {
  tunnel.state = Tunnel::State::kLeft;
  tunnels_->unlink_app_id(&tunnel);
  tunnel.tls().take_waiting_data([&](ByteView frame) {
    const ByteView packet = frame.subspan(kCstpHeaderSize);
    const auto parsed = parse_inside_packet(packet.data(), packet.size());
    if (frame[kTypeAt] == static_cast<uint8_t>(PacketType::kData) && parsed) {
      hold(parsed->destination, packet);
    } else {
      totals_->add(PacketSum::kDropHandOver);
    }
  });
}

/** Another tunnel is in its place, here or on the worker that owns its addresses now. */
void HandOver::supersede(Tunnel& tunnel) {
  if (tunnel.state == Tunnel::State::kUp) leave(tunnel);
  room_.release_if(
      [&](const Address& inside) {
        const int owner = owner_of(inside);
        return leads_to(inside, tunnel) && owner >= 0 && owner != self();
      },
      [&](const Address& inside, ByteView packet) { send_on(owner_of(inside), packet); });
  tunnels_->unlink_inside(&tunnel);
}

/** Nobody has come in its place. */
void HandOver::forget(const Tunnel& tunnel) {
  room_.release_if([&](const Address& inside) { return leads_to(inside, tunnel); },
                   [&](const Address&, ByteView) { totals_->add(PacketSum::kDropHandOver); });
}

void HandOver::hold(const Address& inside, ByteView packet) {
  if (const size_t lost = room_.hold(inside, packet, now_))
    totals_->add(PacketSum::kDropHandOver, lost);
}

void HandOver::pass_on(const Address& inside, int worker) {
  room_.release(inside, [&](ByteView packet) { send_on(worker, packet); });
}

void HandOver::send_on(int worker, ByteView packet) {
  const bool sent = links_->send(worker, LinkKind::kInsidePacket, {}, packet);
  totals_->add(sent ? PacketSum::kForwardedPackets : PacketSum::kDropSentMailbox);
}

int HandOver::owner_of(const Address& inside) const {
  return owners_->valid() ? owners_->find(inside.data()) : -1;
}

void HandOver::set_now(int64_t now_ms) {
  now_ = now_ms;
  if (room_.empty()) return;
  if (const size_t lost = room_.expire(now_)) totals_->add(PacketSum::kDropHandOver, lost);
}

}  // namespace wolfguard
