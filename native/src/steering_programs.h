// The two eBPF programs that bring a packet to the worker that owns its tunnel. Both look up a map
// whose value is a worker number (32 bits); steering.h loads and attaches them.
#pragma once

#include <linux/bpf.h>

#include <array>
#include <cstdint>
#include <vector>

namespace wolfguard {

/** Key of the inside map: an address, an IPv4 one as ::ffff:a.b.c.d. */
using InsideKey = std::array<uint8_t, 16>;

/** Key of the endpoint map: where a client's datagrams come from. */
struct EndpointKey {
  std::array<uint8_t, 16> address{};
  /** In network order, as it stands in the UDP header. */
  uint16_t port = 0;
  uint16_t zero = 0;
};
static_assert(sizeof(EndpointKey) == 20, "padding would be part of the key");

/**
 * For TUNSETSTEERINGEBPF: the TUN queue by destination address. The result is a queue's number, and
 * queue n is worker n's: the device takes it modulo their number. An address not in the map goes
 * by its own last byte, so that one queue does not get them all.
 */
std::vector<bpf_insn> inside_steering_program(int inside_map);

/**
 * For SO_ATTACH_REUSEPORT_EBPF: the UDP socket, of an array by worker number. A ClientHello goes to
 * the worker named in its session id [oc 8.4]; anything else by its source address and port. What
 * is not in the map goes where the kernel's own hash says.
 */
std::vector<bpf_insn> outside_steering_program(int endpoint_map, int sockets);

}  // namespace wolfguard
