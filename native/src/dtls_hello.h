// The first two datagrams of a DTLS handshake, answered without any state: a ClientHello is read
// for its App-ID and cookie, and one without a valid cookie gets our own HelloVerifyRequest
// [rfc6347 4.2.1]. It always has message sequence 0: OpenSSL's mirrors the hello's, after which
// GnuTLS drops the ServerHello of a retransmitted hello and DTLS is late by 12 to 60 s.
#pragma once

#include <array>
#include <optional>

#include "bytes.h"
#include "endpoint.h"

namespace wolfguard {

using AppId = std::array<uint8_t, 32>;
using HelloCookie = std::array<uint8_t, 32>;

struct AppIdHash {
  size_t operator()(const AppId& id) const { return hash_bytes(id.data(), id.size()); }
};

struct ClientHello {
  std::array<uint8_t, 32> random;
  /** The session id, or the payload of extension 48018 [oc 8.2]. */
  AppId app_id;
  /** Empty in the first hello. */
  ByteView cookie;
};

/** Is this datagram a handshake record of epoch 0 that begins with a ClientHello? */
bool is_client_hello(const uint8_t* datagram, size_t size);

/** nullopt: malformed, fragmented, or without an id of 32 bytes. */
std::optional<ClientHello> parse_client_hello(const uint8_t* datagram, size_t size);

inline constexpr size_t kHelloVerifyRequestSize = 13 + 12 + 3 + 32;
std::array<uint8_t, kHelloVerifyRequestSize> make_hello_verify_request(const HelloCookie& cookie);

/** Cookies bound to the client's address and port by a secret of this engine's lifetime. */
class HelloCookies {
 public:
  HelloCookies();
  HelloCookie make(const Endpoint& client) const;
  bool verify(const Endpoint& client, ByteView cookie) const;

 private:
  std::array<uint8_t, 32> secret_;
};

}  // namespace wolfguard
