// A tunnel as the packet thread sees it: a plain struct. The functions that change it stand in the
// files of their concern: outbound.cc, inbound.cc, dtls_channel.cc, liveness.cc.
#pragma once

#include <algorithm>
#include <memory>

#include "acl_filter.h"
#include "connection.h"
#include "cstp.h"
#include "datagram_reader.h"
#include "dtls_handshake.h"
#include "path_mtu.h"
#include "rate_limit.h"

namespace wolfguard {

/** One set of DTLS keys and where its peer is. */
struct DtlsSlot {
  std::unique_ptr<DtlsKeys> keys;
  UdpPath path;
};

/** A handshake under way in the second slot; the active one is not disturbed [oc 8.5]. */
struct DtlsPending {
  std::unique_ptr<DtlsHandshake> handshake;
  UdpPath path;
  std::array<uint8_t, 32> client_random;
  int64_t started = 0;
};

/** See bulk_receiver.h. */
struct BulkState {
  int64_t window_ms = 0, looked_us = 0;
  uint32_t window_bytes = 0;
  bool on = false;
};

struct Tunnel {
  enum class State {
    kUp,
    /** Its client comes back or has come back with another one: it only receives (hand_over.h). */
    kLeft,
    /** Told to go; what is left is to let the last bytes out. In no table any more. */
    kDraining,
    /** Freed at the end of this wake-up. */
    kDead,
  };

  ConnectionId id = 0;
  State state = State::kUp;
  /** JavaScript has heard of its end; nothing is read from its socket any more. */
  bool told = false, deaf = false;
  /** Counted in EngineTotals::tls_blocked. */
  bool blocked = false;
  int64_t opened_ms = 0;
  std::unique_ptr<Connection> connection;
  TunnelParams params;
  std::shared_ptr<TunnelShared> shared;
  /** EngineTotals::dtls_tunnels, where somebody counts. */
  std::atomic<uint64_t>* dtls_tunnels = nullptr;

  // TLS channel
  CstpReader reader;
  int64_t tls_rx_ms = 0, tls_tx_ms = 0, tls_dpd_ms = 0;
  /** When its keys were last renewed by the clock. */
  int64_t keys_ms = 0;
  /** In the list of those whose output leaves at the end of this wake-up. */
  bool touched = false;
  /** Packets counted as sent that were dropped from the backlog. */
  size_t miscounted = 0;
  /** What epoll watches its socket for. */
  uint32_t socket_events = 0;
  BulkState bulk;

  // DTLS channel
  DtlsSlot active, previous;
  int64_t previous_until_ms = 0;
  std::unique_ptr<DtlsPending> pending;
  /** A record of the active keys has come: the client has them too, we may send [oc 8.5]. */
  bool dtls_confirmed = false;
  /** See silence_dtls [oc 7.2]. */
  bool dtls_silent = false;
  /** Data has been sent by DTLS since a record last came; an answer to a DPD wants no answer. */
  bool dtls_unanswered = false;
  PathLimit path_limit;
  int64_t dtls_rx_ms = 0, dtls_tx_ms = 0, dtls_dpd_ms = 0;
  /** Sent again when the client repeats its own last flight, until it is confirmed. */
  Flight last_flight;
  /** Of the hello that led to the active keys: the same hello again is late or a replay. */
  std::array<uint8_t, 32> active_random{};

  /** From the client and to it; null = no limit. */
  std::unique_ptr<RateLimit> rx_limit, tx_limit;
  /** What the client may send, and whether it may speak with other clients. */
  AclFilter filter;

  CompressionYield compression_yield;

  /** Last packet that counts against the idle timeout. */
  int64_t data_ms = 0;
  /** When liveness looks at it next; while draining: when it is cut off. */
  int64_t next_check_ms = 0;

  /** What its client sends is still taken. */
  bool receives() const { return state == State::kUp || state == State::kLeft; }

  TlsChannel& tls() { return *connection->channel; }

  /** UDP seems blocked: data goes by TLS until a record comes. */
  void silence_dtls() {
    dtls_silent = true;
    set_on_dtls(false);
  }

  /** What is said of it outside: does its data go by DTLS? */
  void set_on_dtls(bool on) {
    if (shared->on_dtls.load(std::memory_order_relaxed) == on) return;
    shared->on_dtls.store(on, std::memory_order_relaxed);
    if (dtls_tunnels != nullptr) bump(*dtls_tunnels, on ? 1 : ~uint64_t{0});
  }

  bool sends_by_dtls() const { return dtls_confirmed && !dtls_silent && active.keys != nullptr; }

  /** The largest packet that goes the usual way: by DTLS if it is up, as far as the path takes it.
   */
  uint32_t data_mtu() const {
    return sends_by_dtls() ? std::min<uint32_t>(params.mtu, path_limit.data_mtu) : params.mtu;
  }
};

}  // namespace wolfguard
