// Bare TCP acknowledgements that a later one of the same flow makes superfluous. A client that
// takes single packets sends one for every few segments, and each costs the host behind the TUN
// device as much as a full super-packet: of a batch only the last need be written [rfc3449].
#pragma once

#include <cstddef>
#include <cstdint>

namespace wolfguard {

/** How many bytes at most one ACK may newly acknowledge when others went: as after a GRO train. */
constexpr uint32_t kMaxAckStretch = 65535;

/**
 * Does `newer` tell the sender everything that `older` tells it? Both are whole TCP headers
 * without payload whose flags are ACK alone, of one flow and in this order. It must move the
 * window's edge: repetitions of one acknowledgement are counted by senders. Selective
 * acknowledgements must be covered; those of duplicates, and options not known here, never are.
 */
bool supersedes(const uint8_t* newer, size_t newer_size, const uint8_t* older, size_t older_size);

}  // namespace wolfguard
