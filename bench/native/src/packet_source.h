// A source of small UDP packets at the far end of the tunnels: what flows down to the sessions of
// a load client. One UDP_SEGMENT send makes a burst, so that the source costs the machine little;
// the TUN device gets the packets one by one.
#pragma once

#include <vector>

#include "endpoint.h"

namespace wolfguard::load {

/** Returns after `seconds`: how many packets of kSmallPacketSize the kernel took. IPv4 only. */
uint64_t send_small_packets(const std::vector<Address>& targets, uint16_t port, double per_second,
                            double seconds);

}  // namespace wolfguard::load
