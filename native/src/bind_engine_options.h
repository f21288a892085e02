// The plain objects of native/engine.ts as the engine's own structs. Each returns nullopt with an
// exception pending when a field is not what it should be.
#pragma once

#include "engine.h"
#include "napi_util.h"

namespace wolfguard {

/** A connection's or tunnel's number. */
std::optional<ConnectionId> id_of(napi_env env, napi_value value, const char* what);

std::optional<EngineOptions> engine_options(napi_env env, napi_value object);

std::optional<TunnelParams> tunnel_params(napi_env env, napi_value object);

/** Sources as source_of() makes them. */
std::optional<std::vector<Address>> ban_list(napi_env env, napi_value array, const char* name);

/** Never empty. */
std::optional<std::vector<TlsOptions>> tls_hosts(napi_env env, napi_value array);

}  // namespace wolfguard
