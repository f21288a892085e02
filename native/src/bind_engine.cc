// native/engine.ts: thin wrappers around Engine.
#include "bind.h"
#include "bind_engine_handle.h"
#include "bind_engine_options.h"
#include "bind_engine_totals.h"

namespace wolfguard {

namespace {

/** The handle behind `this`, and the call's arguments. */
template <size_t N>
EngineHandle* unwrap(napi_env env, napi_callback_info info, std::array<napi_value, N>* values) {
  napi_value self = nullptr;
  size_t count = N;
  void* handle = nullptr;
  napi_get_cb_info(env, info, &count, values->data(), &self, nullptr);
  if (napi_unwrap(env, self, &handle) != napi_ok) {
    napi_throw_type_error(env, "ERR_INVALID_THIS", "not an engine");
    return nullptr;
  }
  return static_cast<std::shared_ptr<EngineHandle>*>(handle)->get();
}

napi_value throw_unless_empty(napi_env env, const std::string& error) {
  if (!error.empty()) napi_throw_error(env, "ERR_TLS_OPTIONS", error.c_str());
  return nullptr;
}

napi_value engine_set_tls(napi_env env, napi_callback_info info) {
  std::array<napi_value, 1> args{};
  EngineHandle* handle = unwrap(env, info, &args);
  if (handle == nullptr) return nullptr;
  const auto hosts = tls_hosts(env, args[0]);
  return hosts ? throw_unless_empty(env, handle->engine->set_tls(*hosts)) : nullptr;
}

napi_value engine_check_tls(napi_env env, napi_callback_info info) {
  std::array<napi_value, 1> args{};
  if (unwrap(env, info, &args) == nullptr) return nullptr;
  const auto hosts = tls_hosts(env, args[0]);
  return hosts ? throw_unless_empty(env, Engine::check_tls(*hosts)) : nullptr;
}

napi_value engine_set_bans(napi_env env, napi_callback_info info) {
  std::array<napi_value, 2> args{};
  EngineHandle* handle = unwrap(env, info, &args);
  if (handle == nullptr) return nullptr;
  auto add = ban_list(env, args[0], "add");
  auto remove = add ? ban_list(env, args[1], "remove") : std::nullopt;
  if (remove) handle->engine->set_bans(std::move(*add), std::move(*remove));
  return nullptr;
}

napi_value engine_set_accept_rate(napi_env env, napi_callback_info info) {
  std::array<napi_value, 2> args{};
  EngineHandle* handle = unwrap(env, info, &args);
  if (handle == nullptr) return nullptr;
  const auto per_second = napi::to_int(env, args[0], "perSecond");
  const auto workers = per_second ? napi::to_int(env, args[1], "workers") : std::nullopt;
  if (!workers) return nullptr;
  handle->engine->set_accept_rate(static_cast<uint32_t>(std::max(*per_second, 0)),
                                  static_cast<uint32_t>(std::max(*workers, 1)));
  return nullptr;
}

napi_value engine_start(napi_env env, napi_callback_info info) {
  std::array<napi_value, 1> args{};
  EngineHandle* handle = unwrap(env, info, &args);
  if (handle != nullptr) handle->engine->start();
  return nullptr;
}

napi_value engine_hold(napi_env env, napi_callback_info info) {
  std::array<napi_value, 1> args{};
  EngineHandle* handle = unwrap(env, info, &args);
  if (handle == nullptr) return nullptr;
  if (const auto id = id_of(env, args[0], "connection")) handle->engine->hold(*id);
  return nullptr;
}

napi_value engine_define_acl(napi_env env, napi_callback_info info) {
  std::array<napi_value, 2> args{};
  EngineHandle* handle = unwrap(env, info, &args);
  if (handle == nullptr) return nullptr;
  const auto id = id_of(env, args[0], "id");
  const auto bytes = id ? napi::to_bytes(env, args[1], "program") : std::nullopt;
  if (!bytes) return nullptr;
  auto program = AclProgram::parse(*bytes);
  if (!program) {
    napi::wrong_type(env, "program", "what compileAcl makes");
    return nullptr;
  }
  handle->acls[*id] = std::move(program);
  return nullptr;
}

napi_value engine_forget_acl(napi_env env, napi_callback_info info) {
  std::array<napi_value, 1> args{};
  EngineHandle* handle = unwrap(env, info, &args);
  if (handle == nullptr) return nullptr;
  if (const auto id = id_of(env, args[0], "id")) handle->acls.erase(*id);
  return nullptr;
}

napi_value engine_open_tunnel(napi_env env, napi_callback_info info) {
  std::array<napi_value, 1> args{};
  EngineHandle* handle = unwrap(env, info, &args);
  if (handle == nullptr) return nullptr;
  auto params = tunnel_params(env, args[0]);
  const auto acl = params ? id_of(env, napi::property(env, args[0], "acl"), "acl") : std::nullopt;
  if (!acl) return nullptr;
  if (*acl != 0) {
    const auto it = handle->acls.find(*acl);
    // A tunnel without the rules that it was to have must not be.
    if (it == handle->acls.end()) {
      napi::wrong_type(env, "acl", "0 or the number of a program");
      return nullptr;
    }
    params->acl = it->second;
  }
  handle->engine->open_tunnel(std::move(*params));
  return nullptr;
}

napi_value engine_close_tunnel(napi_env env, napi_callback_info info) {
  std::array<napi_value, 3> args{};
  EngineHandle* handle = unwrap(env, info, &args);
  if (handle == nullptr) return nullptr;
  const auto id = id_of(env, args[0], "tunnel");
  const auto name = id ? napi::to_string(env, args[1], "end") : std::nullopt;
  const auto tell = name ? napi::to_bool(env, args[2], "tellClient") : std::nullopt;
  if (!tell) return nullptr;
  TunnelEnd end;
  if (!parse_tunnel_end(*name, &end)) {
    napi_throw_type_error(env, "ERR_INVALID_ARG_VALUE", "end must be a TunnelEnd");
    return nullptr;
  }
  handle->engine->close_tunnel(*id, end, *tell);
  return nullptr;
}

napi_value engine_read_tunnel(napi_env env, napi_callback_info info) {
  std::array<napi_value, 1> args{};
  EngineHandle* handle = unwrap(env, info, &args);
  if (handle == nullptr) return nullptr;
  const auto id = id_of(env, args[0], "tunnel");
  if (!id) return nullptr;
  const auto it = handle->tunnels.find(*id);
  if (it == handle->tunnels.end()) return napi::undefined(env);
  const TunnelShared& shared = *it->second;
  napi_value status = napi::object(env);
  set_counters(env, status, shared);
  const bool on_dtls = shared.on_dtls.load(std::memory_order_relaxed);
  set_string(env, status, "channel", on_dtls ? "dtls" : "tls");
  set_string(env, status, "dtlsCipher", shared.dtls_cipher.load(std::memory_order_relaxed));
  set_number(env, status, "mtu", shared.mtu.load(std::memory_order_relaxed));
  return status;
}

napi_value engine_totals(napi_env env, napi_callback_info info) {
  std::array<napi_value, 1> args{};
  EngineHandle* handle = unwrap(env, info, &args);
  if (handle == nullptr) return nullptr;
  return totals_object(env, handle->engine->totals());
}

napi_value engine_measure(napi_env env, napi_callback_info info) {
  std::array<napi_value, 1> args{};
  EngineHandle* handle = unwrap(env, info, &args);
  if (handle == nullptr) return nullptr;
  return measures_object(env, handle->engine->totals(), handle->engine->udp_state());
}

napi_value engine_close(napi_env env, napi_callback_info info) {
  std::array<napi_value, 1> args{};
  EngineHandle* handle = unwrap(env, info, &args);
  if (handle != nullptr) handle->close();
  return nullptr;
}

// ─── creation ─────────────────────────────────────────────────────────────────────────────────

napi_value create_engine(napi_env env, napi_callback_info info) {
  const auto args = napi::arguments<2>(env, info);
  auto options = engine_options(env, args[0]);
  if (!options) return nullptr;
  napi_valuetype type = napi_undefined;
  if (napi_typeof(env, args[1], &type) != napi_ok || type != napi_function) {
    napi::wrong_type(env, "onEvent", "a function");
    return nullptr;
  }
  auto handle = EngineHandle::create(env, args[1]);
  std::string error;
  handle->engine = Engine::create(std::move(*options), handle.get(), &error);
  if (!handle->engine) {
    handle->close();
    napi_throw_error(env, "ERR_ENGINE", error.c_str());
    return nullptr;
  }
  napi_value object = napi::object(env);
  napi::set(env, object, "packetsRaised", napi::boolean(env, handle->engine->packets_raised()));
  napi::define(env, object, "setTls", engine_set_tls);
  napi::define(env, object, "checkTls", engine_check_tls);
  napi::define(env, object, "setBans", engine_set_bans);
  napi::define(env, object, "setAcceptRate", engine_set_accept_rate);
  napi::define(env, object, "start", engine_start);
  napi::define(env, object, "hold", engine_hold);
  napi::define(env, object, "defineAcl", engine_define_acl);
  napi::define(env, object, "forgetAcl", engine_forget_acl);
  napi::define(env, object, "openTunnel", engine_open_tunnel);
  napi::define(env, object, "closeTunnel", engine_close_tunnel);
  napi::define(env, object, "readTunnel", engine_read_tunnel);
  napi::define(env, object, "totals", engine_totals);
  napi::define(env, object, "measure", engine_measure);
  napi::define(env, object, "close", engine_close);
  napi_wrap(
      env, object, new std::shared_ptr<EngineHandle>(std::move(handle)),
      [](napi_env, void* data, void*) {
        auto* owner = static_cast<std::shared_ptr<EngineHandle>*>(data);
        (*owner)->close();
        delete owner;
      },
      nullptr, nullptr);
  return object;
}

}  // namespace

void bind_engine(napi_env env, napi_value exports) {
  napi::define(env, exports, "createEngine", create_engine);
}

}  // namespace wolfguard
