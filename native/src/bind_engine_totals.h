// What the engine has counted, as objects of JavaScript.
#pragma once

#include <node_api.h>

#include "engine_totals.h"
#include "udp_queue.h"

namespace wolfguard {

/** EngineCounts of native/engine.ts. */
napi_value totals_object(napi_env env, const EngineTotals& totals);
/** EngineMeasures of core/ipc/measures.ts. */
napi_value measures_object(napi_env env, const EngineTotals& totals, const UdpQueue::State& udp);

}  // namespace wolfguard
