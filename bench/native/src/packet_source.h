// A source of small UDP packets at the far end of the tunnels: what flows down to the sessions of
// a load client, in bursts to each in turn. A burst is sent in trains (UDP_SEGMENT), which a TUN
// device with offload gets whole and any other one by one; or as single packets.
#pragma once

#include <vector>

#include "endpoint.h"

namespace wolfguard::load {

/**
 * Returns after `seconds`: how many packets of kSmallPacketSize the kernel took. `train`: packets
 * of one UDP_SEGMENT send, 1 = none is used. IPv4 only.
 */
uint64_t send_small_packets(const std::vector<Address>& targets, uint16_t port, int train,
                            double per_second, double seconds);

}  // namespace wolfguard::load
