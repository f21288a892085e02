// From the client to the inside, in the order of the steps:
//
//   1  on_tls_bytes / on_dtls_text   what a channel has decrypted
//   2  frames                        CSTP frames out of the TLS stream; a DTLS record is one frame
//   3  control frames                answered or acted upon; compressed ones decompressed
//   4  data frames                   a sound IP packet from an address that the session owns
//   5  filter                        what its policy forbids: dropped (acl_filter.h)
//   6  limit                         more than the session may send: dropped (rate_limit.h)
//   7  join                          packets of a flow into super-packets (coalescer.h)
//   8  flush                         to the TUN device: before the bytes' buffers are used again
#pragma once

#include "coalescer.h"
#include "outbound.h"

namespace wolfguard {

/** Ends tunnels; the packet loop is one. */
class TunnelCloser {
 public:
  virtual void close(Tunnel& tunnel, TunnelEnd end, bool tell_client) = 0;

 protected:
  ~TunnelCloser() = default;
};

class Inbound {
 public:
  Inbound(TunQueue tun, const OwnersView* owners, Outbound* outbound, TunnelCloser* closer,
          EngineTotals* totals);

  void set_now(int64_t now_ms) { now_ = now_ms; }

  /**
   * Ciphertext from the tunnel's socket, opened in place: see TlsRecords::feed. The tunnel may be
   * closed afterwards.
   */
  void on_tls_bytes(Tunnel& tunnel, uint8_t* data, size_t size);
  /** Plaintext that came before the tunnel was up. */
  void on_early_text(Tunnel& tunnel, uint8_t* data, size_t size);
  /** The text of a DTLS record: a type byte and its payload [oc 8.1]. */
  void on_dtls_text(Tunnel& tunnel, uint8_t* text, size_t size);
  /** Writes what waits; whoever owns the bytes calls this before it lets them go. */
  void flush();
  /** True once, after the TUN device has refused a super-packet: none is made from then on. */
  bool take_joining_refused() { return coalescer_.take_joining_refused(); }

 private:
  bool on_frame(Tunnel& tunnel, Channel channel, PacketType type, uint8_t* payload, size_t size);
  bool on_disconnect(Tunnel& tunnel, const uint8_t* payload, size_t size);
  void on_compressed(Tunnel& tunnel, Channel channel, ByteView payload);
  void on_data(Tunnel& tunnel, Channel channel, uint8_t* packet, size_t size);
  void drop(Tunnel& tunnel, PacketSum reason);
  bool owns_source(const Tunnel& tunnel, const InsidePacket& packet) const;

  Coalescer coalescer_;
  const OwnersView* owners_;
  Outbound* outbound_;
  TunnelCloser* closer_;
  EngineTotals* totals_;
  int64_t now_ = 0;
  /** Where decompressed packets stand until the flush; made when the first one comes. */
  Bytes decompressed_;
  size_t decompressed_used_ = 0;
};

}  // namespace wolfguard
