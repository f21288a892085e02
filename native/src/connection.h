// A TLS connection that has done its handshake, and what JavaScript decided for its tunnel.
#pragma once

#include <openssl/crypto.h>

#include <array>
#include <memory>

#include "acl_program.h"
#include "bytes.h"
#include "compression.h"
#include "endpoint.h"
#include "engine_events.h"
#include "fd.h"
#include "inside_network.h"
#include "tls_channel.h"

namespace wolfguard {

struct Connection {
  ~Connection() { OPENSSL_cleanse(dtls_psk.data(), dtls_psk.size()); }

  ConnectionId id = 0;
  Fd socket;
  /** Until a tunnel opens; then `channel` takes its place. */
  std::unique_ptr<TlsStream> tls;
  std::unique_ptr<TlsChannel> channel;
  Endpoint peer, local;
  /** A proxy has said so; what the kernel knows of the path ends at the proxy. */
  bool proxied = false;
  /** The exporter secret of this very connection [oc 8.2]. */
  std::array<uint8_t, 32> dtls_psk{};
};

/** Fills in dtls_psk, after the handshake; false: OpenSSL does not give it. */
bool export_dtls_psk(Connection& connection);

/** From now on its packets bear that class (as in TunnelParams), whatever family they are of. */
void mark_packets(const Connection& connection, uint8_t traffic_class);

/** What TLS and the kernel know of it after the handshake; all but the stream. */
ConnectionOpened describe(const Connection& connection);

/** Numbers are 0 where a limit or timer is off; see TunnelParams in native/engine.ts. */
struct TunnelParams {
  ConnectionId connection = 0;
  std::string answer;
  Bytes early;
  bool has_inside4 = false, has_inside6 = false;
  /** IPv4 as ::ffff:a.b.c.d. */
  Address inside4{}, inside6{};
  uint32_t inside6_prefix = 128;
  uint32_t mtu = 0;
  bool has_dtls = false;
  std::array<uint8_t, 32> app_id{};
  /** Legacy resumption instead of PSK-NEGOTIATE [oc 8.3]. */
  bool legacy_dtls = false;
  std::array<uint8_t, 48> master_secret{};
  /** IANA's number of the suite that is resumed. */
  uint16_t dtls_suite = 0;
  int64_t dpd_ms = 0, keepalive_ms = 0, idle_timeout_ms = 0, switch_to_tcp_ms = 0;
  /** Bytes a second. */
  int64_t rx_limit = 0, tx_limit = 0;
  /** Behind the client, besides the network of its IPv6 address. */
  std::vector<InsideNetwork> networks;
  /** What has been agreed on for each channel. */
  Compression tls_compression = Compression::kNone, dtls_compression = Compression::kNone;
  /** Of the packets outside: the DSCP in its upper six bits. */
  uint8_t traffic_class = 0;
  /** Datagrams count only from the address that the TLS connection comes from. */
  bool deny_roaming = false;
  /** When the client was told to come with a new tunnel, counted from the answer. */
  int64_t rekey_ms = 0;
  /** How often TLS 1.3 keys are renewed by a KeyUpdate. */
  int64_t key_update_ms = 0;
  /** What the client may send; moved into the tunnel's filter. */
  std::shared_ptr<const AclProgram> acl;
  /** Nothing passes between this client and others. */
  bool isolated = false;
};

/** Calls visit(network) for all that is the client's besides its addresses themselves. */
template <typename Visit>
void for_each_network(const TunnelParams& params, Visit&& visit) {
  if (params.has_inside6 && params.inside6_prefix < 128) {
    visit(network_of(params.inside6, params.inside6_prefix));
  }
  for (const InsideNetwork& network : params.networks) visit(network);
}

}  // namespace wolfguard
