// Which flow a packet is of, as a number: the same for all packets of a flow, in one direction.
#pragma once

#include "inside_packet.h"

namespace wolfguard {

/**
 * By addresses, protocol and ports. Fragments of one packet are of one flow, which has no ports. No
 * secret is in it: who makes flows collide has fewer, that is all.
 */
uint32_t flow_hash(const uint8_t* packet, size_t size, const InsidePacket& parsed);

}  // namespace wolfguard
