// native/system.ts, sockets that this process was started with.
#include "bind.h"
#include "napi_util.h"
#include "passed_socket.h"
#include "sockets.h"

namespace wolfguard {

namespace {

const char* name_of(SocketKind kind) {
  switch (kind) {
    case SocketKind::kTcp:
      return "tcp";
    case SocketKind::kUdp:
      return "udp";
    case SocketKind::kUnix:
      return "unix";
    case SocketKind::kOther:
      break;
  }
  return "other";
}

napi_value bind_describe_socket(napi_env env, napi_callback_info info) {
  const auto [argument] = napi::arguments<1>(env, info);
  const auto fd = napi::to_int(env, argument, "fd");
  if (!fd) return nullptr;
  auto socket = describe_socket(*fd);
  if (socket.failed()) return napi::throw_os_error(env, socket.error());
  const PassedSocket& facts = socket.value();
  const napi_value result = napi::object(env);
  napi::set(env, result, "kind", napi::string(env, name_of(facts.kind)));
  napi::set(env, result, "address", napi::string(env, facts.address));
  napi::set(env, result, "port", napi::number(env, facts.port));
  napi::set(env, result, "dualStack", napi::boolean(env, facts.dual_stack));
  return result;
}

napi_value bind_adopt_tcp(napi_env env, napi_callback_info info) {
  const auto [argument] = napi::arguments<1>(env, info);
  const auto fd = napi::to_int(env, argument, "fd");
  if (!fd) return nullptr;
  const OsError error = adopt_tcp(*fd);
  return error.failed() ? napi::throw_os_error(env, error) : nullptr;
}

napi_value bind_adopt_udp(napi_env env, napi_callback_info info) {
  const auto args = napi::arguments<2>(env, info);
  const auto fd = napi::to_int(env, args[0], "fd");
  const auto bytes = fd ? napi::to_int(env, args[1], "bufferBytes") : std::nullopt;
  if (!bytes) return nullptr;
  const OsError error = adopt_udp(*fd, *bytes);
  return error.failed() ? napi::throw_os_error(env, error) : nullptr;
}

}  // namespace

void bind_passed_sockets(napi_env env, napi_value exports) {
  napi::define(env, exports, "describeSocket", bind_describe_socket);
  napi::define(env, exports, "adoptTcp", bind_adopt_tcp);
  napi::define(env, exports, "adoptUdp", bind_adopt_udp);
}

}  // namespace wolfguard
