// A network inside that belongs to one tunnel: the addresses behind a client that is a router.
#pragma once

#include <cstring>
#include <vector>

#include "endpoint.h"

namespace wolfguard {

struct InsideNetwork {
  /** Its first address; IPv4 as ::ffff:a.b.c.d. */
  Address base{};
  /** Of the 128 bits; an IPv4 network lies behind the 96 of ::ffff:0:0. */
  uint32_t prefix = 128;

  bool contains(const Address& address) const {
    const uint32_t whole = prefix / 8, rest = prefix % 8;
    if (memcmp(address.data(), base.data(), whole) != 0) return false;
    return rest == 0 || (address[whole] ^ base[whole]) >> (8 - rest) == 0;
  }

  bool operator==(const InsideNetwork&) const = default;
};

/** The network of that prefix (0 to 128) which holds the address. */
inline InsideNetwork network_of(const Address& address, uint32_t prefix) {
  InsideNetwork network{{}, prefix};
  const uint32_t whole = prefix / 8, rest = prefix % 8;
  memcpy(network.base.data(), address.data(), whole);
  if (rest != 0) network.base[whole] = static_cast<uint8_t>(address[whole] & (0xff00 >> rest));
  return network;
}

}  // namespace wolfguard
