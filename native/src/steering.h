// Steering in the kernel: the TUN queue by inside address, the UDP socket by outside endpoint. The
// primary alone calls this and keeps the maps; workers see nothing of it. Whatever is not in a map
// reaches some worker, which forwards it (worker_links.h).
//
//   TUN device ── inside_steering_program ──► queue n       inside map: address → worker
//   UDP group ─── outside_steering_program ─► socket n      endpoint map: address, port → worker
#pragma once

#include <vector>

#include "fd.h"
#include "os_error.h"
#include "steering_programs.h"

namespace wolfguard {

/** Steers the device that `tun_queue` belongs to; gives the inside map, for `capacity` addresses.
 */
Result<Fd> steer_inside(int tun_queue, uint32_t capacity);

/**
 * Steers each group of bound SO_REUSEPORT sockets, its sockets in the order of the workers; gives
 * the endpoint map that all groups share, for `capacity` endpoints. On failure none is steered.
 */
Result<Fd> steer_outside(const std::vector<std::vector<int>>& groups, uint32_t capacity);

/** worker -1: nobody. E2BIG: the map is full. */
OsError set_inside_worker(int map, const InsideKey& address, int worker);
/** The later of two workers that claim an endpoint has it. E2BIG: the map is full. */
OsError set_endpoint_worker(int map, const EndpointKey& endpoint, int worker);
/** Nothing when the endpoint is another worker's by now. */
void clear_endpoint_worker(int map, const EndpointKey& endpoint, int worker);
/** All endpoints of a worker that is gone. */
void clear_worker_endpoints(int map, int worker);

}  // namespace wolfguard
