// native/system.ts: steerInside and what follows it.
#include <arpa/inet.h>

#include <cstring>

#include "bind.h"
#include "napi_util.h"
#include "steering.h"

namespace wolfguard {
namespace {

napi_value answer(napi_env env, OsError error) {
  return error.failed() ? napi::throw_os_error(env, error) : napi::undefined(env);
}

napi_value answer(napi_env env, Result<Fd> result) {
  if (result.failed()) return napi::throw_os_error(env, result.error());
  return napi::number(env, result.value().release());
}

std::optional<uint32_t> to_capacity(napi_env env, napi_value value) {
  const auto capacity = napi::to_int(env, value, "capacity");
  if (!capacity) return std::nullopt;
  if (*capacity < 1) return napi::wrong_type(env, "capacity", "positive");
  return static_cast<uint32_t>(*capacity);
}

/** 4 or 16 bytes, as 16. */
std::optional<InsideKey> to_address(napi_env env, napi_value value) {
  const auto bytes = napi::to_bytes(env, value, "address");
  if (!bytes) return std::nullopt;
  InsideKey address{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (bytes->size() == 4) {
    std::memcpy(&address[12], bytes->data(), 4);
  } else if (bytes->size() == 16) {
    std::memcpy(address.data(), bytes->data(), 16);
  } else {
    return napi::wrong_type(env, "address", "4 or 16 bytes");
  }
  return address;
}

std::optional<std::vector<int>> to_fds(napi_env env, napi_value value) {
  const auto length = napi::array_length(env, value, "sockets");
  if (!length) return std::nullopt;
  std::vector<int> fds;
  for (uint32_t i = 0; i < *length; ++i) {
    const auto fd = napi::to_int(env, napi::element(env, value, i), "sockets");
    if (!fd) return std::nullopt;
    fds.push_back(*fd);
  }
  return fds;
}

napi_value steer_inside_device(napi_env env, napi_callback_info info) {
  const auto args = napi::arguments<2>(env, info);
  const auto queue = napi::to_int(env, args[0], "tunQueue");
  const auto capacity = queue ? to_capacity(env, args[1]) : std::nullopt;
  if (!capacity) return nullptr;
  return answer(env, steer_inside(*queue, *capacity));
}

napi_value steer_outside_sockets(napi_env env, napi_callback_info info) {
  const auto args = napi::arguments<2>(env, info);
  const auto length = napi::array_length(env, args[0], "groups");
  if (!length) return nullptr;
  std::vector<std::vector<int>> groups;
  for (uint32_t i = 0; i < *length; ++i) {
    auto fds = to_fds(env, napi::element(env, args[0], i));
    if (!fds) return nullptr;
    groups.push_back(std::move(*fds));
  }
  const auto capacity = to_capacity(env, args[1]);
  if (!capacity) return nullptr;
  return answer(env, steer_outside(groups, *capacity));
}

napi_value set_inside(napi_env env, napi_callback_info info) {
  const auto args = napi::arguments<3>(env, info);
  const auto map = napi::to_int(env, args[0], "map");
  const auto address = map ? to_address(env, args[1]) : std::nullopt;
  const auto worker = address ? napi::to_int(env, args[2], "worker") : std::nullopt;
  if (!worker) return nullptr;
  return answer(env, set_inside_worker(*map, *address, *worker));
}

struct EndpointCall {
  int map;
  EndpointKey endpoint;
  int worker;
};

/** The arguments (map, address, port, worker). */
std::optional<EndpointCall> endpoint_call(napi_env env, napi_callback_info info) {
  const auto args = napi::arguments<4>(env, info);
  const auto map = napi::to_int(env, args[0], "map");
  const auto address = map ? to_address(env, args[1]) : std::nullopt;
  const auto port = address ? napi::to_int(env, args[2], "port") : std::nullopt;
  const auto worker = port ? napi::to_int(env, args[3], "worker") : std::nullopt;
  if (!worker) return std::nullopt;
  if (*port < 0 || *port > UINT16_MAX) return napi::wrong_type(env, "port", "a port number");
  return EndpointCall{*map, {*address, htons(static_cast<uint16_t>(*port))}, *worker};
}

napi_value set_endpoint(napi_env env, napi_callback_info info) {
  const auto call = endpoint_call(env, info);
  if (!call) return nullptr;
  return answer(env, set_endpoint_worker(call->map, call->endpoint, call->worker));
}

napi_value clear_endpoint(napi_env env, napi_callback_info info) {
  const auto call = endpoint_call(env, info);
  if (!call) return nullptr;
  clear_endpoint_worker(call->map, call->endpoint, call->worker);
  return napi::undefined(env);
}

napi_value clear_worker(napi_env env, napi_callback_info info) {
  const auto args = napi::arguments<2>(env, info);
  const auto map = napi::to_int(env, args[0], "map");
  const auto worker = map ? napi::to_int(env, args[1], "worker") : std::nullopt;
  if (!worker) return nullptr;
  clear_worker_endpoints(*map, *worker);
  return napi::undefined(env);
}

}  // namespace

void bind_steering(napi_env env, napi_value exports) {
  napi::define(env, exports, "steerInside", steer_inside_device);
  napi::define(env, exports, "steerOutside", steer_outside_sockets);
  napi::define(env, exports, "setInsideWorker", set_inside);
  napi::define(env, exports, "setEndpointWorker", set_endpoint);
  napi::define(env, exports, "clearEndpointWorker", clear_endpoint);
  napi::define(env, exports, "clearWorkerEndpoints", clear_worker);
}

}  // namespace wolfguard
