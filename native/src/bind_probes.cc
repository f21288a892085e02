// native/system.ts, what only `wolfguard doctor` asks.
#include "bind.h"
#include "napi_util.h"
#include "probes.h"

namespace wolfguard {

namespace {

napi_value bind_probe_udp_offloads(napi_env env, napi_callback_info) {
  auto offloads = probe_udp_offloads();
  if (offloads.failed()) return napi::throw_os_error(env, offloads.error());
  const napi_value answer = napi::object(env);
  napi::set(env, answer, "segmentation", napi::boolean(env, offloads.value().segmentation));
  napi::set(env, answer, "receive", napi::boolean(env, offloads.value().receive));
  return answer;
}

napi_value bind_is_clock_synchronised(napi_env env, napi_callback_info) {
  auto synchronised = is_clock_synchronised();
  if (synchronised.failed()) return napi::throw_os_error(env, synchronised.error());
  return napi::boolean(env, synchronised.value());
}

}  // namespace

void bind_probes(napi_env env, napi_value exports) {
  napi::define(env, exports, "probeUdpOffloads", bind_probe_udp_offloads);
  napi::define(env, exports, "isClockSynchronised", bind_is_clock_synchronised);
}

}  // namespace wolfguard
