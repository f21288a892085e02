// What each bind_*.cc adds to the addon's exports.
#pragma once

#include <node_api.h>

namespace wolfguard {

/** native/pkcs12.ts. */
void bind_certificates(napi_env env, napi_value exports);

/** native/engine.ts. */
void bind_engine(napi_env env, napi_value exports);

/** native/system.ts: describeSocket, adoptTcp, adoptUdp. */
void bind_passed_sockets(napi_env env, napi_value exports);

/** native/system.ts: probeUdpOffloads, isClockSynchronised. */
void bind_probes(napi_env env, napi_value exports);

/** native/system.ts: denyIoUring, keepDescriptors, sendUnixDatagram. */
void bind_process(napi_env env, napi_value exports);

/** native/system.ts: steerInside, steerOutside and their maps. */
void bind_steering(napi_env env, napi_value exports);

/** native/system.ts: all the rest. */
void bind_system(napi_env env, napi_value exports);

}  // namespace wolfguard
