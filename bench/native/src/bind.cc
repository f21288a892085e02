// bench/load/client.ts: a thin wrapper around ClientLoop. Events cross to the JavaScript thread in
// batches, in the order in which the loop raised them.
#include <arpa/inet.h>
#include <sys/resource.h>

#include "acl_lookups.h"
#include "client_loop.h"
#include "napi_util.h"
#include "packet_source.h"

namespace wolfguard::load {

namespace {

/** Owned by the JavaScript object; the loop's thread ends before the thread-safe function goes. */
class ClientHandle {
 public:
  ClientHandle(napi_env env, napi_value on_events) {
    napi_create_threadsafe_function(env, on_events, nullptr, napi::string(env, "load client"), 0, 1,
                                    nullptr, nullptr, this, deliver, &to_javascript_);
  }
  ~ClientHandle() { close(); }

  std::unique_ptr<ClientLoop> loop;

  void post(std::vector<Event> events) {
    napi_call_threadsafe_function(to_javascript_, new std::vector<Event>(std::move(events)),
                                  napi_tsfn_nonblocking);
  }
  void close() {
    if (loop) loop->stop();
    if (to_javascript_ != nullptr) {
      napi_release_threadsafe_function(std::exchange(to_javascript_, nullptr), napi_tsfn_abort);
    }
  }

 private:
  static void deliver(napi_env env, napi_value on_events, void*, void* data);

  napi_threadsafe_function to_javascript_ = nullptr;
};

napi_value event_value(napi_env env, const Event& event) {
  static constexpr const char* kNames[] = {"reply", "dtls", "closed", "probes"};
  napi_value value = napi::object(env);
  napi::set(env, value, "type", napi::string(env, kNames[static_cast<size_t>(event.type)]));
  napi::set(env, value, "id", napi::number(env, static_cast<double>(event.id)));
  napi::set(env, value, "text", napi::string(env, event.text));
  if (event.type == Event::Type::kProbes) {
    const size_t bytes = event.samples.size() * sizeof(float);
    void* data = nullptr;
    napi_value buffer = nullptr, samples = nullptr;
    napi_create_arraybuffer(env, bytes, &data, &buffer);
    if (bytes > 0) memcpy(data, event.samples.data(), bytes);
    napi_create_typedarray(env, napi_float32_array, event.samples.size(), buffer, 0, &samples);
    napi::set(env, value, "samples", samples);
  }
  return value;
}

void ClientHandle::deliver(napi_env env, napi_value on_events, void*, void* data) {
  const std::unique_ptr<std::vector<Event>> events(static_cast<std::vector<Event>*>(data));
  if (env == nullptr) return;
  napi_value list = napi::array(env, events->size());
  for (uint32_t i = 0; i < events->size(); i++) {
    napi::set_element(env, list, i, event_value(env, (*events)[i]));
  }
  napi_call_function(env, napi::undefined(env), on_events, 1, &list, nullptr);
}

// ─── arguments ────────────────────────────────────────────────────────────────────────────────

std::optional<Address> to_address(napi_env env, napi_value value, const char* what) {
  const auto text = napi::to_string(env, value, what);
  if (!text) return std::nullopt;
  Address address{};
  uint8_t four[4];
  if (inet_pton(AF_INET, text->c_str(), four) == 1) return map_ipv4(four);
  if (inet_pton(AF_INET6, text->c_str(), address.data()) == 1) return address;
  return napi::wrong_type(env, what, "an IP address");
}

bool is_undefined(napi_env env, napi_value value) {
  napi_valuetype type = napi_undefined;
  napi_typeof(env, value, &type);
  return type == napi_undefined;
}

template <typename Item, typename Convert>
std::optional<std::vector<Item>> to_list(napi_env env, napi_value array, const char* what,
                                         Convert&& convert) {
  const auto length = napi::array_length(env, array, what);
  if (!length) return std::nullopt;
  std::vector<Item> items;
  items.reserve(*length);
  for (uint32_t i = 0; i < *length; i++) {
    const auto item = convert(env, napi::element(env, array, i), what);
    if (!item) return std::nullopt;
    items.push_back(static_cast<Item>(*item));
  }
  return items;
}

std::optional<LoadOptions> to_options(napi_env env, napi_value value) {
  const auto server = to_address(env, napi::property(env, value, "server"), "server");
  const auto port = server ? napi::int_property(env, value, "port") : std::nullopt;
  const auto sources =
      port ? to_list<Address>(env, napi::property(env, value, "sources"), "sources", to_address)
           : std::nullopt;
  const auto tun = sources ? napi::string_property(env, value, "tun") : std::nullopt;
  const auto offload = tun ? napi::bool_property(env, value, "offload") : std::nullopt;
  const auto buffer = offload ? napi::int_property(env, value, "socketBufferBytes") : std::nullopt;
  const auto groups = buffer ? napi::string_property(env, value, "groups") : std::nullopt;
  const auto ciphers = groups ? napi::string_property(env, value, "dtlsCiphers") : std::nullopt;
  if (!ciphers) return std::nullopt;
  LoadOptions options;
  options.server = {*server, static_cast<uint16_t>(*port)};
  options.sources = *sources;
  options.tun = *tun;
  options.tun_offload = options.udp_segmentation = options.udp_joining = *offload;
  options.socket_buffer_bytes = *buffer;
  options.groups = *groups;
  options.dtls_ciphers = *ciphers;
  return options;
}

std::optional<TunnelTerms> to_terms(napi_env env, napi_value value) {
  TunnelTerms terms;
  const auto address = [&](const char* name, bool* has, Address* out) {
    napi_value text = napi::property(env, value, name);
    if (is_undefined(env, text)) return true;
    const auto parsed = to_address(env, text, name);
    if (parsed) *out = *parsed;
    return *has = parsed.has_value();
  };
  if (!address("inside4", &terms.has_inside4, &terms.inside4) ||
      !address("inside6", &terms.has_inside6, &terms.inside6)) {
    return std::nullopt;
  }
  const auto mtu = napi::int_property(env, value, "mtu");
  const auto dpd = mtu ? napi::int_property(env, value, "dpdMs") : std::nullopt;
  const auto keepalive = dpd ? napi::int_property(env, value, "keepaliveMs") : std::nullopt;
  if (!keepalive) return std::nullopt;
  terms.mtu = static_cast<size_t>(*mtu);
  terms.dpd_ms = *dpd;
  terms.keepalive_ms = *keepalive;
  napi_value app_id = napi::property(env, value, "appId");
  if (is_undefined(env, app_id)) return terms;
  const auto bytes = napi::to_bytes(env, app_id, "appId");
  const auto port = bytes ? napi::int_property(env, value, "dtlsPort") : std::nullopt;
  if (!port) return std::nullopt;
  terms.has_dtls = bytes->size() == terms.app_id.size();
  if (terms.has_dtls) memcpy(terms.app_id.data(), bytes->data(), bytes->size());
  terms.dtls_port = static_cast<uint16_t>(*port);
  return terms;
}

// ─── the client object ────────────────────────────────────────────────────────────────────────

template <size_t N>
ClientLoop& loop_of(napi_env env, napi_callback_info info, std::array<napi_value, N>* values) {
  size_t count = N;
  void* data = nullptr;
  napi_get_cb_info(env, info, &count, values->data(), nullptr, &data);
  return *static_cast<ClientHandle*>(data)->loop;
}

napi_value start(napi_env env, napi_callback_info info) {
  std::array<napi_value, 3> args{};
  ClientLoop& loop = loop_of(env, info, &args);
  const auto id = napi::to_int64(env, args[0], "id");
  const auto source = id ? napi::to_int(env, args[1], "source") : std::nullopt;
  const auto request = source ? napi::to_string(env, args[2], "request") : std::nullopt;
  if (request) loop.start(static_cast<SessionId>(*id), static_cast<size_t>(*source), *request);
  return nullptr;
}

napi_value send(napi_env env, napi_callback_info info) {
  std::array<napi_value, 3> args{};
  ClientLoop& loop = loop_of(env, info, &args);
  const auto id = napi::to_int64(env, args[0], "id");
  const auto request = id ? napi::to_string(env, args[1], "request") : std::nullopt;
  const auto connect = request ? napi::to_bool(env, args[2], "connect") : std::nullopt;
  if (connect) loop.send(static_cast<SessionId>(*id), *request, *connect);
  return nullptr;
}

napi_value open_tunnel(napi_env env, napi_callback_info info) {
  std::array<napi_value, 2> args{};
  ClientLoop& loop = loop_of(env, info, &args);
  const auto id = napi::to_int64(env, args[0], "id");
  const auto terms = id ? to_terms(env, args[1]) : std::nullopt;
  if (terms) loop.open_tunnel(static_cast<SessionId>(*id), *terms);
  return nullptr;
}

napi_value leave(napi_env env, napi_callback_info info) {
  std::array<napi_value, 2> args{};
  ClientLoop& loop = loop_of(env, info, &args);
  const auto id = napi::to_int64(env, args[0], "id");
  const auto goodbye = id ? napi::to_bool(env, args[1], "withGoodbye") : std::nullopt;
  if (goodbye) loop.leave(static_cast<SessionId>(*id), *goodbye);
  return nullptr;
}

napi_value probe(napi_env env, napi_callback_info info) {
  std::array<napi_value, 1> args{};
  ClientLoop& loop = loop_of(env, info, &args);
  const auto sessions =
      to_list<SessionId>(env, napi::property(env, args[0], "sessions"), "sessions", napi::to_int64);
  const auto target =
      sessions ? to_address(env, napi::property(env, args[0], "target"), "target") : std::nullopt;
  const auto rate = target ? napi::number_property(env, args[0], "perSecond") : std::nullopt;
  if (rate) loop.probe({*sessions, *target, *rate});
  return nullptr;
}

napi_value flood(napi_env env, napi_callback_info info) {
  std::array<napi_value, 1> args{};
  ClientLoop& loop = loop_of(env, info, &args);
  const auto sessions =
      to_list<SessionId>(env, napi::property(env, args[0], "sessions"), "sessions", napi::to_int64);
  const auto target =
      sessions ? to_address(env, napi::property(env, args[0], "target"), "target") : std::nullopt;
  const auto rate = target ? napi::number_property(env, args[0], "perSecond") : std::nullopt;
  const auto port = rate ? napi::int_property(env, args[0], "port") : std::nullopt;
  const auto burst = port ? napi::int_property(env, args[0], "burst") : std::nullopt;
  if (burst) loop.flood({*sessions, *target, static_cast<uint16_t>(*port), *rate, *burst});
  return nullptr;
}

napi_value take_probes(napi_env env, napi_callback_info info) {
  std::array<napi_value, 1> args{};
  loop_of(env, info, &args).take_probes();
  return nullptr;
}

napi_value totals(napi_env env, napi_callback_info info) {
  std::array<napi_value, 1> args{};
  const Totals& totals = loop_of(env, info, &args).totals();
  napi_value value = napi::object(env);
  const auto add = [&](const char* name, const std::atomic<uint64_t>& counter) {
    const auto number = static_cast<double>(counter.load(std::memory_order_relaxed));
    napi::set(env, value, name, napi::number(env, number));
  };
  add("sessions", totals.sessions);
  add("dtls", totals.dtls);
  add("txPackets", totals.tx_packets);
  add("txBytes", totals.tx_bytes);
  add("rxPackets", totals.rx_packets);
  add("rxBytes", totals.rx_bytes);
  add("droppedPackets", totals.dropped_packets);
  add("dpdAnswered", totals.dpd_answered);
  add("dpdAsked", totals.dpd_asked);
  add("dtlsLost", totals.dtls_lost);
  add("probesSent", totals.probes_sent);
  add("floodSent", totals.flood_sent);
  add("floodReceived", totals.flood_received);
  return value;
}

napi_value close(napi_env env, napi_callback_info info) {
  void* data = nullptr;
  size_t count = 0;
  napi_get_cb_info(env, info, &count, nullptr, nullptr, &data);
  static_cast<ClientHandle*>(data)->close();
  return nullptr;
}

napi_value create_client(napi_env env, napi_callback_info info) {
  const auto args = napi::arguments<2>(env, info);
  const auto options = to_options(env, args[0]);
  if (!options) return nullptr;
  auto handle = std::make_unique<ClientHandle>(env, args[1]);
  ClientHandle* self = handle.get();
  std::string error;
  handle->loop = ClientLoop::create(
      *options, [self](std::vector<Event> events) { self->post(std::move(events)); }, &error);
  if (!handle->loop) {
    napi_throw_error(env, "LOAD_CLIENT", error.c_str());
    return nullptr;
  }
  napi_value object = napi::object(env);
  napi::define(env, object, "start", start, self);
  napi::define(env, object, "send", send, self);
  napi::define(env, object, "openTunnel", open_tunnel, self);
  napi::define(env, object, "leave", leave, self);
  napi::define(env, object, "probe", probe, self);
  napi::define(env, object, "flood", flood, self);
  napi::define(env, object, "takeProbes", take_probes, self);
  napi::define(env, object, "totals", totals, self);
  napi::define(env, object, "close", close, self);
  napi_wrap(
      env, object, handle.release(),
      [](napi_env, void* data, void*) { delete static_cast<ClientHandle*>(data); }, nullptr,
      nullptr);
  return object;
}

// ─── by themselves ────────────────────────────────────────────────────────────────────────────

/** The first datagram of a handshake with that App-ID, for tests. */
napi_value make_client_hello(napi_env env, napi_callback_info info) {
  const auto args = napi::arguments<1>(env, info);
  const auto bytes = napi::to_bytes(env, args[0], "appId");
  AppId app_id{};
  if (!bytes || bytes->size() != app_id.size()) return nullptr;
  memcpy(app_id.data(), bytes->data(), bytes->size());
  const ClientContext context = create_dtls_client_context("PSK-AES256-GCM-SHA384");
  const auto handshake = ClientHandshake::create(context.get(), app_id, Psk{});
  if (!handshake) return nullptr;
  handshake->start();
  if (handshake->output().empty()) return nullptr;
  const Bytes& hello = handshake->output().front();
  napi_value buffer = nullptr;
  napi_create_buffer_copy(env, hello.size(), hello.data(), nullptr, &buffer);
  return buffer;
}

/** Raises the number of descriptors to `wanted` where allowed; what it is now. */
napi_value raise_descriptors(napi_env env, napi_callback_info info) {
  const auto args = napi::arguments<1>(env, info);
  const auto wanted = napi::to_int64(env, args[0], "wanted");
  if (!wanted) return nullptr;
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  const auto target = static_cast<rlim_t>(*wanted);
  if (limit.rlim_cur < target) {
    const rlimit raised{target, std::max(target, limit.rlim_max)};
    const rlimit allowed{limit.rlim_max, limit.rlim_max};
    if (setrlimit(RLIMIT_NOFILE, &raised) != 0) setrlimit(RLIMIT_NOFILE, &allowed);
    getrlimit(RLIMIT_NOFILE, &limit);
  }
  return napi::number(env, static_cast<double>(limit.rlim_cur));
}

/** Blocks for the whole time: its process does nothing else. */
napi_value run_source(napi_env env, napi_callback_info info) {
  const auto args = napi::arguments<1>(env, info);
  const auto targets =
      to_list<Address>(env, napi::property(env, args[0], "targets"), "targets", to_address);
  const auto port = targets ? napi::int_property(env, args[0], "port") : std::nullopt;
  const auto train = port ? napi::int_property(env, args[0], "train") : std::nullopt;
  const auto rate = train ? napi::number_property(env, args[0], "perSecond") : std::nullopt;
  const auto seconds = rate ? napi::number_property(env, args[0], "seconds") : std::nullopt;
  if (!seconds) return nullptr;
  const auto sent =
      send_small_packets(*targets, static_cast<uint16_t>(*port), *train, *rate, *seconds);
  return napi::number(env, static_cast<double>(sent));
}

/** Blocks; [a second, share that was allowed]. */
napi_value run_lookups(napi_env env, napi_callback_info info) {
  const auto args = napi::arguments<1>(env, info);
  const auto bytes = napi::bytes_property(env, args[0], "program");
  const auto ipv6 = bytes ? napi::bool_property(env, args[0], "ipv6") : std::nullopt;
  const auto random = ipv6 ? napi::bool_property(env, args[0], "random") : std::nullopt;
  const auto cold = random ? napi::bool_property(env, args[0], "cold") : std::nullopt;
  const auto seconds = cold ? napi::number_property(env, args[0], "seconds") : std::nullopt;
  if (!seconds) return nullptr;
  auto program = AclProgram::parse(*bytes);
  if (!program) {
    napi::wrong_type(env, "program", "what compileAcl makes");
    return nullptr;
  }
  const auto rate = measure_lookups(std::move(program), {*ipv6, *random, *cold, *seconds});
  napi_value pair = napi::array(env, 2);
  napi::set_element(env, pair, 0, napi::number(env, rate.per_second));
  napi::set_element(env, pair, 1, napi::number(env, rate.allowed_share));
  return pair;
}

}  // namespace

}  // namespace wolfguard::load

NAPI_MODULE_INIT() {
  using namespace wolfguard;
  napi::define(env, exports, "createClient", load::create_client);
  napi::define(env, exports, "makeClientHello", load::make_client_hello);
  napi::define(env, exports, "raiseDescriptors", load::raise_descriptors);
  napi::define(env, exports, "runSource", load::run_source);
  napi::define(env, exports, "runLookups", load::run_lookups);
  return exports;
}
