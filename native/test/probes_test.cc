#include "probes.h"

#include "unit.h"

namespace wolfguard {
namespace {

UNIT_TEST("the probe of UDP offloads sends and receives a train") {
  auto offloads = probe_udp_offloads();
  REQUIRE(!offloads.failed());
  CHECK(offloads.value().segmentation);
  CHECK(offloads.value().receive);
}

UNIT_TEST("the kernel can be asked whether the clock is kept right") {
  CHECK(!is_clock_synchronised().failed());
}

}  // namespace
}  // namespace wolfguard
