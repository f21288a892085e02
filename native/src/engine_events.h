// What the engine's threads tell JavaScript, and the counters it may read at any time.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "client_certificate.h"
#include "endpoint.h"
#include "engine_totals.h"
#include "failure_counts.h"
#include "fd.h"

namespace wolfguard {

using ConnectionId = uint64_t;

/** The names of TunnelEnd in core/ipc/messages.ts, in its order. */
enum class TunnelEnd {
  kUserDisconnect,
  kLost,
  kDpdTimeout,
  kIdleTimeout,
  kSessionTimeout,
  kReplaced,
  kAdmin,
  kShutdown,
  kProtocolError,
  kHoursOver,
  kAccountExpired,
  kQuotaUsed,
};

const char* tunnel_end_name(TunnelEnd end);
/** For the person at the client, where the server is the one who ends it; "" = nothing to say. */
const char* tunnel_end_text(TunnelEnd end);
/** false when the name is none of them. */
bool parse_tunnel_end(const std::string& name, TunnelEnd* end);

/**
 * One tunnel's numbers. The packet thread alone writes; others read without stopping it, so each
 * is right by itself, not all of one instant.
 */
struct TunnelShared {
  std::atomic<uint64_t> rx_bytes{0}, rx_packets{0}, tx_bytes{0}, tx_packets{0};
  std::atomic<uint64_t> spoofed_packets{0}, dropped_packets{0}, denied_packets{0};
  std::atomic<bool> on_dtls{false};
  /** A static string of OpenSSL, or "". */
  std::atomic<const char*> dtls_cipher{""};
  /** The largest packet of the tunnel, or of its DTLS channel while the path takes less. */
  std::atomic<uint32_t> mtu{0};
};

struct ConnectionOpened {
  ConnectionId connection;
  /** JavaScript's end of the plaintext stream; it closes it. */
  Fd stream;
  Endpoint peer, local;
  std::string tls_version, tls_cipher, server_name;
  /** TlsOptions::name of the host that answered. */
  std::string host;
  std::optional<ClientCertificate> client_certificate;
  uint32_t path_mtu;
};

/** Datagrams from this outside end point belong to a tunnel of ours, or no longer do. */
struct EndpointChange {
  Endpoint endpoint;
  bool owned;
};

/** Called on the engine's threads; must not block. */
class EventSink {
 public:
  virtual void connection_opened(ConnectionOpened event) = 0;
  virtual void connection_held(ConnectionId connection, uint64_t passed_bytes) = 0;
  virtual void connection_closed(ConnectionId connection) = 0;
  virtual void tunnel_opened(ConnectionId tunnel, std::shared_ptr<TunnelShared> shared) = 0;
  virtual void tunnel_closed(ConnectionId tunnel, TunnelEnd end) = 0;
  virtual void dtls_opened(ConnectionId tunnel, const char* cipher) = 0;
  virtual void dtls_closed(ConnectionId tunnel, const char* reason) = 0;
  /** All changes of one wake-up. For steering in the kernel, which not everybody has. */
  virtual void endpoints_changed(std::vector<EndpointChange>) {}
  /** Connections that came to nothing since the last time, at most once a second
   * (failure_counts.h). */
  virtual void connects_failed(FailureCounts::Counts) {}
  /** The packet thread should be urgent again (thread_priority.h). */
  virtual void packets_calm(pid_t) {}
  virtual void warn(std::string message) = 0;

 protected:
  ~EventSink() = default;
};

}  // namespace wolfguard
