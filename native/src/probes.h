// What this machine can do, found out by trying it: for `wolfguard doctor`, not for the packet
// path.
#pragma once

#include "os_error.h"

namespace wolfguard {

struct UdpOffloads {
  /** Many datagrams leave in one send. */
  bool segmentation = false;
  /** Many datagrams arrive in one receive. */
  bool receive = false;
};

/** Sends a train of two datagrams over loopback; fails where not even one of them could go. */
Result<UdpOffloads> probe_udp_offloads();

/** Whether somebody (NTP) keeps the clock right, by what the kernel has been told. */
Result<bool> is_clock_synchronised();

}  // namespace wolfguard
