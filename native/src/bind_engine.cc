// native/engine.ts: thin wrappers around Engine. Events cross to the JavaScript thread through one
// thread-safe function, in the order in which each engine thread raised them.
#include <functional>
#include <memory>
#include <unordered_map>

#include "bind.h"
#include "engine.h"
#include "napi_util.h"

namespace wolfguard {

namespace {

/** Runs on the JavaScript thread. */
using Task = std::function<void(napi_env, class EngineHandle&)>;

/**
 * Owned twice: by the JavaScript object, and by the thread-safe function, which may still have
 * events to deliver when the object is gone.
 */
class EngineHandle final : public EventSink {
 public:
  static std::shared_ptr<EngineHandle> create(napi_env env, napi_value on_event) {
    auto handle = std::make_shared<EngineHandle>();
    auto* owner = new std::shared_ptr<EngineHandle>(handle);
    napi_create_threadsafe_function(
        env, on_event, nullptr, napi::string(env, "wolfguard engine"), 0, 1, owner,
        [](napi_env, void* data, void*) {
          delete static_cast<std::shared_ptr<EngineHandle>*>(data);
        },
        handle.get(), run_task, &handle->to_javascript_);
    return handle;
  }
  ~EngineHandle() { close(); }

  std::unique_ptr<Engine> engine;
  /** JavaScript thread only. */
  std::unordered_map<ConnectionId, std::shared_ptr<TunnelShared>> tunnels;

  void close() {
    if (engine) engine->close();
    if (to_javascript_ != nullptr) {
      napi_release_threadsafe_function(std::exchange(to_javascript_, nullptr), napi_tsfn_release);
    }
  }

  // EventSink, on the engine's threads
  void connection_opened(ConnectionOpened event) override;
  void connection_held(ConnectionId connection, uint64_t passed_bytes) override;
  void connection_closed(ConnectionId connection) override;
  void tunnel_opened(ConnectionId tunnel, std::shared_ptr<TunnelShared> shared) override;
  void tunnel_closed(ConnectionId tunnel, TunnelEnd end) override;
  void dtls_opened(ConnectionId tunnel, const char* cipher) override;
  void dtls_closed(ConnectionId tunnel, const char* reason) override;
  void endpoints_changed(std::vector<EndpointChange> changes) override;
  void warn(std::string message) override;

  /** Calls onEvent with the event that `task` has left. */
  void emit(napi_env env, napi_value event) {
    napi_value receiver = napi::undefined(env);
    napi_call_function(env, receiver, on_event_, 1, &event, nullptr);
  }

 private:
  void post(Task task) {
    napi_call_threadsafe_function(to_javascript_, new Task(std::move(task)), napi_tsfn_nonblocking);
  }

  static void run_task(napi_env env, napi_value on_event, void* context, void* data) {
    const std::unique_ptr<Task> task(static_cast<Task*>(data));
    auto* self = static_cast<EngineHandle*>(context);
    if (env == nullptr) return;
    self->on_event_ = on_event;
    (*task)(env, *self);
    self->on_event_ = nullptr;
  }

  napi_threadsafe_function to_javascript_ = nullptr;
  napi_value on_event_ = nullptr;
};

napi_value event_of(napi_env env, const char* type) {
  napi_value event = napi::object(env);
  napi::set(env, event, "type", napi::string(env, type));
  return event;
}

void set_number(napi_env env, napi_value object, const char* name, uint64_t value) {
  napi::set(env, object, name, napi::number(env, static_cast<double>(value)));
}

void set_string(napi_env env, napi_value object, const char* name, std::string_view value) {
  napi::set(env, object, name, napi::string(env, value));
}

void set_counters(napi_env env, napi_value object, const TunnelShared& shared) {
  const auto read = [](const std::atomic<uint64_t>& counter) {
    return counter.load(std::memory_order_relaxed);
  };
  set_number(env, object, "rxBytes", read(shared.rx_bytes));
  set_number(env, object, "rxPackets", read(shared.rx_packets));
  set_number(env, object, "txBytes", read(shared.tx_bytes));
  set_number(env, object, "txPackets", read(shared.tx_packets));
  set_number(env, object, "spoofedPackets", read(shared.spoofed_packets));
  set_number(env, object, "droppedPackets", read(shared.dropped_packets));
}

// ─── events ───────────────────────────────────────────────────────────────────────────────────

void EngineHandle::connection_opened(ConnectionOpened opened) {
  // std::function wants something that can be copied.
  auto shared = std::make_shared<ConnectionOpened>(std::move(opened));
  post([shared](napi_env env, EngineHandle& self) {
    napi_value event = event_of(env, "connection");
    set_number(env, event, "connection", shared->connection);
    set_number(env, event, "fd", static_cast<uint64_t>(shared->stream.release()));
    set_string(env, event, "peerAddress", format_address(shared->peer.address));
    set_number(env, event, "peerPort", shared->peer.port);
    set_string(env, event, "localAddress", format_address(shared->local.address));
    set_number(env, event, "localPort", shared->local.port);
    set_string(env, event, "tlsVersion", shared->tls_version);
    set_string(env, event, "tlsCipher", shared->tls_cipher);
    set_string(env, event, "serverName", shared->server_name);
    set_number(env, event, "pathMtu", shared->path_mtu);
    self.emit(env, event);
  });
}

void EngineHandle::connection_held(ConnectionId connection, uint64_t passed_bytes) {
  post([=](napi_env env, EngineHandle& self) {
    napi_value event = event_of(env, "held");
    set_number(env, event, "connection", connection);
    set_number(env, event, "passedBytes", passed_bytes);
    self.emit(env, event);
  });
}

void EngineHandle::connection_closed(ConnectionId connection) {
  post([=](napi_env env, EngineHandle& self) {
    napi_value event = event_of(env, "connection-closed");
    set_number(env, event, "connection", connection);
    self.emit(env, event);
  });
}

void EngineHandle::tunnel_opened(ConnectionId tunnel, std::shared_ptr<TunnelShared> shared) {
  post([=](napi_env env, EngineHandle& self) {
    self.tunnels[tunnel] = shared;
    napi_value event = event_of(env, "tunnel-opened");
    set_number(env, event, "tunnel", tunnel);
    self.emit(env, event);
  });
}

void EngineHandle::tunnel_closed(ConnectionId tunnel, TunnelEnd end) {
  post([=](napi_env env, EngineHandle& self) {
    napi_value event = event_of(env, "tunnel-closed");
    set_number(env, event, "tunnel", tunnel);
    set_string(env, event, "end", tunnel_end_name(end));
    napi_value counters = napi::object(env);
    if (const auto it = self.tunnels.find(tunnel); it != self.tunnels.end()) {
      set_counters(env, counters, *it->second);
      self.tunnels.erase(it);
    } else {
      set_counters(env, counters, TunnelShared{});
    }
    napi::set(env, event, "counters", counters);
    self.emit(env, event);
  });
}

void EngineHandle::dtls_opened(ConnectionId tunnel, const char* cipher) {
  post([=](napi_env env, EngineHandle& self) {
    napi_value event = event_of(env, "dtls-opened");
    set_number(env, event, "tunnel", tunnel);
    set_string(env, event, "cipher", cipher);
    self.emit(env, event);
  });
}

void EngineHandle::dtls_closed(ConnectionId tunnel, const char* reason) {
  post([=](napi_env env, EngineHandle& self) {
    napi_value event = event_of(env, "dtls-closed");
    set_number(env, event, "tunnel", tunnel);
    set_string(env, event, "reason", reason);
    self.emit(env, event);
  });
}

void EngineHandle::endpoints_changed(std::vector<EndpointChange> changes) {
  post([changes = std::move(changes)](napi_env env, EngineHandle& self) {
    napi_value list = napi::array(env, changes.size());
    uint32_t index = 0;
    for (const EndpointChange& change : changes) {
      napi_value entry = napi::object(env);
      napi::set(env, entry, "address", napi::bytes(env, change.endpoint.address));
      set_number(env, entry, "port", change.endpoint.port);
      napi::set(env, entry, "owned", napi::boolean(env, change.owned));
      napi::set_element(env, list, index++, entry);
    }
    napi_value event = event_of(env, "endpoints");
    napi::set(env, event, "changes", list);
    self.emit(env, event);
  });
}

void EngineHandle::warn(std::string message) {
  post([message = std::move(message)](napi_env env, EngineHandle& self) {
    napi_value event = event_of(env, "warning");
    set_string(env, event, "message", message);
    self.emit(env, event);
  });
}

// ─── methods ──────────────────────────────────────────────────────────────────────────────────

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

std::optional<ConnectionId> id_of(napi_env env, napi_value value, const char* what) {
  const auto id = napi::to_int64(env, value, what);
  if (!id) return std::nullopt;
  return static_cast<ConnectionId>(*id);
}

napi_value engine_set_tls(napi_env env, napi_callback_info info) {
  std::array<napi_value, 1> args{};
  EngineHandle* handle = unwrap(env, info, &args);
  if (handle == nullptr) return nullptr;
  const auto chain = napi::string_property(env, args[0], "certificateChainPem");
  const auto key = chain ? napi::string_property(env, args[0], "privateKeyPem") : std::nullopt;
  const auto version = key ? napi::string_property(env, args[0], "minVersion") : std::nullopt;
  const auto groups = version ? napi::string_property(env, args[0], "groups") : std::nullopt;
  const auto ciphers = groups ? napi::string_property(env, args[0], "ciphers") : std::nullopt;
  if (!ciphers) return nullptr;
  TlsOptions options;
  options.certificate_chain_pem = *chain;
  options.private_key_pem = *key;
  options.min_version = *version == "1.3" ? TLS1_3_VERSION : TLS1_2_VERSION;
  options.groups = *groups;
  options.ciphers = *ciphers;
  const std::string error = handle->engine->set_tls(options);
  if (!error.empty()) napi_throw_error(env, "ERR_TLS_OPTIONS", error.c_str());
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

/** Copies N bytes, or leaves them when the array is empty; any other length is a TypeError. */
template <size_t N>
std::optional<bool> copy_bytes(napi_env env, napi_value object, const char* name,
                               std::array<uint8_t, N>* out) {
  const auto bytes = napi::bytes_property(env, object, name);
  if (!bytes) return std::nullopt;
  if (bytes->empty()) return false;
  if (bytes->size() != N) return napi::wrong_type(env, name, "of its exact length, or empty");
  memcpy(out->data(), bytes->data(), N);
  return true;
}

std::optional<TunnelParams> tunnel_params(napi_env env, napi_value object) {
  TunnelParams params;
  const auto connection = id_of(env, napi::property(env, object, "connection"), "connection");
  if (!connection) return std::nullopt;
  params.connection = *connection;
  const auto answer = napi::string_property(env, object, "answer");
  if (!answer) return std::nullopt;
  params.answer = *answer;
  const auto early = napi::bytes_property(env, object, "early");
  if (!early) return std::nullopt;
  params.early.assign(early->begin(), early->end());

  std::array<uint8_t, 4> inside4{};
  const auto has4 = copy_bytes(env, object, "inside4", &inside4);
  if (!has4) return std::nullopt;
  params.has_inside4 = *has4;
  params.inside4 = map_ipv4(inside4.data());
  const auto has6 = copy_bytes(env, object, "inside6", &params.inside6);
  if (!has6) return std::nullopt;
  params.has_inside6 = *has6;
  const auto has_dtls = copy_bytes(env, object, "appId", &params.app_id);
  if (!has_dtls) return std::nullopt;
  params.has_dtls = *has_dtls;
  const auto legacy = copy_bytes(env, object, "masterSecret", &params.master_secret);
  if (!legacy) return std::nullopt;
  params.legacy_dtls = *legacy;

  const auto prefix = napi::int_property(env, object, "inside6Prefix");
  if (!prefix) return std::nullopt;
  params.inside6_prefix = static_cast<uint32_t>(std::min(std::max(*prefix, 0), 128));
  const auto mtu = napi::int_property(env, object, "mtu");
  if (!mtu) return std::nullopt;
  params.mtu = static_cast<uint32_t>(std::max(*mtu, 0));
  const std::pair<const char*, int64_t*> timers[] = {{"dpdMs", &params.dpd_ms},
                                                     {"keepaliveMs", &params.keepalive_ms},
                                                     {"idleTimeoutMs", &params.idle_timeout_ms},
                                                     {"switchToTcpMs", &params.switch_to_tcp_ms}};
  for (const auto& [name, target] : timers) {
    const auto value = napi::number_property(env, object, name);
    if (!value) return std::nullopt;
    *target = static_cast<int64_t>(*value);
  }
  return params;
}

napi_value engine_open_tunnel(napi_env env, napi_callback_info info) {
  std::array<napi_value, 1> args{};
  EngineHandle* handle = unwrap(env, info, &args);
  if (handle == nullptr) return nullptr;
  auto params = tunnel_params(env, args[0]);
  if (params) handle->engine->open_tunnel(std::move(*params));
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
  const EngineTotals& totals = handle->engine->totals();
  const std::pair<const char*, const std::atomic<uint64_t>&> fields[] = {
      {"connections", totals.connections},
      {"tunnels", totals.tunnels},
      {"handshakes", totals.handshakes},
      {"handshakesFailed", totals.handshakes_failed},
      {"handshakesRefused", totals.handshakes_refused},
      {"forwardedPackets", totals.forwarded_packets},
      {"rxPackets", totals.rx_packets},
      {"txPackets", totals.tx_packets},
      {"droppedPackets", totals.dropped_packets}};
  napi_value result = napi::object(env);
  for (const auto& [name, counter] : fields) {
    set_number(env, result, name, counter.load(std::memory_order_relaxed));
  }
  return result;
}

napi_value engine_close(napi_env env, napi_callback_info info) {
  std::array<napi_value, 1> args{};
  EngineHandle* handle = unwrap(env, info, &args);
  if (handle != nullptr) handle->close();
  return nullptr;
}

// ─── creation ─────────────────────────────────────────────────────────────────────────────────

std::optional<std::vector<int>> int_array(napi_env env, napi_value object, const char* name) {
  napi_value array = napi::property(env, object, name);
  const auto length = napi::array_length(env, array, name);
  if (!length) return std::nullopt;
  std::vector<int> values;
  for (uint32_t i = 0; i < *length; i++) {
    const auto value = napi::to_int(env, napi::element(env, array, i), name);
    if (!value) return std::nullopt;
    values.push_back(*value);
  }
  return values;
}

std::optional<EngineOptions> engine_options(napi_env env, napi_value object) {
  EngineOptions options;
  napi_value fds = napi::property(env, object, "fds");
  const std::pair<const char*, int*> own[] = {{"worker", &options.packets.worker}};
  const std::pair<const char*, int*> descriptors[] = {{"tun", &options.packets.tun_fd},
                                                      {"inbox", &options.packets.inbox_fd},
                                                      {"owners", &options.packets.owners_fd}};
  for (const auto& [name, target] : own) {
    const auto value = napi::int_property(env, object, name);
    if (!value) return std::nullopt;
    *target = *value;
  }
  for (const auto& [name, target] : descriptors) {
    const auto value = napi::int_property(env, fds, name);
    if (!value) return std::nullopt;
    *target = *value;
  }
  const auto tcp = int_array(env, fds, "tcp");
  const auto udp = tcp ? int_array(env, fds, "udp") : std::nullopt;
  const auto outboxes = udp ? int_array(env, fds, "outboxes") : std::nullopt;
  if (!outboxes) return std::nullopt;
  options.front.listeners = *tcp;
  options.packets.udp_fds = *udp;
  options.packets.outboxes = *outboxes;

  napi_value offloads = napi::property(env, object, "offloads");
  const auto tun = napi::string_property(env, offloads, "tun");
  if (!tun) return std::nullopt;
  options.packets.tun_offload = *tun == "tcp"           ? TunOffload::kTcp
                                : *tun == "tcp-and-udp" ? TunOffload::kTcpAndUdp
                                                        : TunOffload::kNone;
  const std::pair<const char*, bool*> switches[] = {{"udpGso", &options.packets.udp_segmentation},
                                                    {"udpGro", &options.packets.udp_joining}};
  for (const auto& [name, target] : switches) {
    const auto value = napi::bool_property(env, offloads, name);
    if (!value) return std::nullopt;
    *target = *value;
  }

  const auto timeout = napi::int_property(env, object, "handshakeTimeoutMs");
  const auto per_source =
      timeout ? napi::int_property(env, object, "handshakesPerSource") : std::nullopt;
  const auto pending_per_source =
      per_source ? napi::int_property(env, object, "pendingPerSource") : std::nullopt;
  const auto pending =
      pending_per_source ? napi::int_property(env, object, "maxPendingConnections") : std::nullopt;
  if (!pending) return std::nullopt;
  options.front.handshake_timeout_ms = *timeout;
  options.front.handshakes_per_source = static_cast<uint32_t>(*per_source);
  options.front.pending_per_source = static_cast<uint32_t>(*pending_per_source);
  options.front.max_pending = static_cast<uint32_t>(*pending);
  return options;
}

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
  napi::define(env, object, "start", engine_start);
  napi::define(env, object, "hold", engine_hold);
  napi::define(env, object, "openTunnel", engine_open_tunnel);
  napi::define(env, object, "closeTunnel", engine_close_tunnel);
  napi::define(env, object, "readTunnel", engine_read_tunnel);
  napi::define(env, object, "totals", engine_totals);
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
