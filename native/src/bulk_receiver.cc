#include "bulk_receiver.h"

#include <sys/socket.h>
#include <time.h>

#include <algorithm>

namespace wolfguard {

namespace {

/** 45 full records a receive. At the rate below it takes 4 ms to come, so the clock rules there. */
constexpr int kLowWaterBytes = 64 << 10;
/** Bulk begins at 16 KiB a millisecond: 130 Mbit/s. Less is cheap enough without. */
constexpr int64_t kWindowMs = 8;
constexpr size_t kWindowBytes = 128 << 10;
/** … and ends below a quarter of that. */
constexpr size_t kLittleBytes = 4 << 10;

}  // namespace

void BulkReceiver::on_event(Tunnel& tunnel, size_t size, int64_t now_ms) {
  BulkState& bulk = tunnel.bulk;
  if (bulk.on) {
    bulk.looked_us = monotonic_us();
    return;
  }
  if (now_ms - bulk.window_ms >= kWindowMs) {
    bulk.window_ms = now_ms;
    bulk.window_bytes = 0;
  }
  bulk.window_bytes += static_cast<uint32_t>(size);
  if (bulk.window_bytes < kWindowBytes) return;
  bulk.on = true;
  bulk.looked_us = monotonic_us();
  set_low_water(tunnel, kLowWaterBytes);
  tunnels_.push_back(&tunnel);
}

void BulkReceiver::on_poll(Tunnel& tunnel, size_t size) {
  if (size < kLittleBytes) {
    forget(tunnel);
  } else {
    tunnel.bulk.looked_us = monotonic_us();
  }
}

void BulkReceiver::forget(Tunnel& tunnel) {
  if (!tunnel.bulk.on) return;
  tunnel.bulk = {};
  set_low_water(tunnel, 1);
  tunnels_.erase(std::find(tunnels_.begin(), tunnels_.end(), &tunnel));
}

/** A socket that refuses it reports every byte: correct all the same. */
void BulkReceiver::set_low_water(Tunnel& tunnel, int bytes) {
  setsockopt(tunnel.connection->socket.get(), SOL_SOCKET, SO_RCVLOWAT, &bytes, sizeof bytes);
}

int64_t BulkReceiver::monotonic_us() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<int64_t>(now.tv_sec) * 1'000'000 + now.tv_nsec / 1000;
}

}  // namespace wolfguard
