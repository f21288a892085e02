// What has been written to a TUN device with virtio headers, and cut again.
#pragma once

#include <vector>

#include "fake_tun.h"
#include "tun_queue.h"

namespace wolfguard {

struct Written {
  VirtioHeader header;
  Bytes packet;
};

/** All that the engine has written since the last time. */
std::vector<Written> read_written(FakeTun& tun);

/** As the kernel would cut it, by our own segmenter; with the headroom that it may write to. */
std::vector<Bytes> cut(const Written& from);

}  // namespace wolfguard
