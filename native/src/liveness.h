// What time does to a tunnel: dead peer detection and keepalive on both channels, the switch to
// TLS when UDP falls silent, the idle time-out, the end of old keys and stuck handshakes [oc 7].
#pragma once

#include "dtls_channel.h"

namespace wolfguard {

class Liveness {
 public:
  Liveness(Outbound* outbound, DtlsChannel* dtls, TunnelCloser* closer)
      : outbound_(outbound), dtls_(dtls), closer_(closer) {}

  /** Does what is due and says when to look again; meaningless if the tunnel was closed. */
  int64_t check(Tunnel& tunnel, int64_t now);

 private:
  class Deadline;
  bool check_idle(Tunnel& tunnel, int64_t now, Deadline* next);
  bool check_tls(Tunnel& tunnel, int64_t now, Deadline* next);
  void check_keys(Tunnel& tunnel, int64_t now, Deadline* next);
  void check_dtls(Tunnel& tunnel, int64_t now, Deadline* next);
  void probe_blocked_udp(Tunnel& tunnel, int64_t now, Deadline* next);
  void probe_path(Tunnel& tunnel, int64_t now, Deadline* next);
  void check_slots(Tunnel& tunnel, int64_t now, Deadline* next);
  void send_dtls_dpd(Tunnel& tunnel, int64_t now);

  Outbound* outbound_;
  DtlsChannel* dtls_;
  TunnelCloser* closer_;
};

}  // namespace wolfguard
