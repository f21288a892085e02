// The header that a proxy sends ahead of everything else to say who has connected to it: the PROXY
// protocol of HAProxy, versions 1 (text) and 2 (binary). [proxy N] is a section of its description,
// https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt
#pragma once

#include <optional>

#include "bytes.h"
#include "endpoint.h"

namespace wolfguard {

enum class ProxyMode { kOff, kV1, kV2, kAny };

/** A version 2 header with all its TLVs; those that proxies send stay below a quarter of it. */
inline constexpr size_t kMaxProxyHeader = 4096;

struct ProxyHeader {
  enum class Status { kMore, kBad, kDone };

  Status status = Status::kBad;
  /** kDone: its own length; what follows is the client's. */
  size_t size = 0;
  /** The client, and what it has connected to; none: the proxy speaks for itself, or does not say
   * for whom. */
  struct Ends {
    Endpoint client, server;
  };
  std::optional<Ends> ends;
};

/** What stands at the beginning of a stream of which so much has come. `mode`: not kOff. */
ProxyHeader parse_proxy_header(ProxyMode mode, const uint8_t* data, size_t size);

}  // namespace wolfguard
