// An outside UDP or TCP end point. IPv4 is kept as ::ffff:a.b.c.d, so that one table serves both
// families and a dual-stack socket needs no second form.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <string>

namespace wolfguard {

using Address = std::array<uint8_t, 16>;

Address map_ipv4(const uint8_t bytes[4]);
bool is_mapped_ipv4(const Address& address);
/** Who counts as one: an IPv4 address, or an IPv6 /64, which every host there owns. */
Address source_of(const Address& address);
/** Text without brackets; an IPv4 address in dotted form. */
std::string format_address(const Address& address);

struct Endpoint {
  Address address{};
  uint16_t port = 0;

  bool operator==(const Endpoint&) const = default;
};

/** From what recvmsg, accept or getsockname filled in; any other family gives the zero endpoint. */
Endpoint endpoint_from(const sockaddr_storage& from);
/** For a socket of that family; returns the length. An IPv6 address needs an AF_INET6 socket. */
socklen_t endpoint_to(const Endpoint& endpoint, int family, sockaddr_storage* to);

/** FNV over the words, mixed: table keys come from peers who may choose them, so it is seeded. */
uint64_t hash_bytes(const void* data, size_t size);

struct AddressHash {
  size_t operator()(const Address& a) const { return hash_bytes(a.data(), a.size()); }
};
struct EndpointHash {
  size_t operator()(const Endpoint& e) const {
    return hash_bytes(e.address.data(), e.address.size()) ^ (e.port * 0x9e3779b97f4a7c15u);
  }
};

}  // namespace wolfguard
