// Inside packets that the load client makes itself: echo requests that carry the moment they were
// made, so that an answer is timed without any state, and small UDP packets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "endpoint.h"

namespace wolfguard::load {

inline constexpr size_t kEchoSize = 20 + 8 + 56;
/** With the IP header; the smallest size that benches of packet rates use. */
inline constexpr size_t kSmallPacketSize = 64;

/** IPv4 addresses as ::ffff:a.b.c.d. */
void make_echo_request(const Address& from, const Address& to, int64_t now_ns,
                       uint8_t out[kEchoSize]);
/** When the request was made that this packet answers; nullopt when it is no answer to one. */
std::optional<int64_t> echo_reply_origin(const uint8_t* packet, size_t size);

void make_small_udp(const Address& from, const Address& to, uint16_t port,
                    uint8_t out[kSmallPacketSize]);
/** Is it a UDP packet to that port of ours? */
bool is_udp_to(const uint8_t* packet, size_t size, uint16_t port);

}  // namespace wolfguard::load
