#include "bind_engine_options.h"

namespace wolfguard {

namespace {

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

std::optional<std::vector<std::string>> string_array(napi_env env, napi_value array,
                                                     const char* name) {
  const auto length = napi::array_length(env, array, name);
  if (!length) return std::nullopt;
  std::vector<std::string> values(*length);
  for (uint32_t i = 0; i < *length; i++) {
    auto value = napi::to_string(env, napi::element(env, array, i), name);
    if (!value) return std::nullopt;
    values[i] = std::move(*value);
  }
  return values;
}

/** The fields of an object that are strings; false: one is none. */
bool read_strings(napi_env env, napi_value object,
                  std::initializer_list<std::pair<const char*, std::string*>> fields) {
  for (const auto& [name, target] : fields) {
    auto value = napi::string_property(env, object, name);
    if (!value) return false;
    *target = std::move(*value);
  }
  return true;
}

/** "networks": 17 bytes each, an address of 16 and the length of its prefix. */
std::optional<std::vector<InsideNetwork>> inside_networks(napi_env env, napi_value object) {
  constexpr size_t kSize = 17;
  const auto bytes = napi::bytes_property(env, object, "networks");
  if (!bytes) return std::nullopt;
  if (bytes->size() % kSize != 0) return napi::wrong_type(env, "networks", "17 bytes each");
  std::vector<InsideNetwork> networks;
  networks.reserve(bytes->size() / kSize);
  for (size_t at = 0; at < bytes->size(); at += kSize) {
    Address address;
    memcpy(address.data(), bytes->data() + at, address.size());
    networks.push_back(network_of(address, std::min<uint32_t>((*bytes)[at + 16], 128)));
  }
  return networks;
}

bool read_proxy(napi_env env, napi_value object, ProxyOptions* proxy) {
  std::string mode;
  if (!read_strings(env, object, {{"mode", &mode}})) return false;
  proxy->mode = mode == "v1"    ? ProxyMode::kV1
                : mode == "v2"  ? ProxyMode::kV2
                : mode == "any" ? ProxyMode::kAny
                                : ProxyMode::kOff;
  const auto trusted = string_array(env, napi::property(env, object, "trusted"), "trusted");
  if (!trusted) return false;
  for (const std::string& network : *trusted) {
    if (!proxy->trusted.add(network)) {
      napi::wrong_type(env, "trusted", "an array of networks");
      return false;
    }
  }
  return true;
}

bool read_tls_host(napi_env env, napi_value host, TlsOptions* options) {
  std::string version;
  if (!read_strings(env, host,
                    {{"name", &options->name},
                     {"clientCaPem", &options->client_ca_pem},
                     {"clientCrlPem", &options->client_crl_pem},
                     {"minVersion", &version},
                     {"groups", &options->groups},
                     {"ciphers", &options->ciphers}})) {
    return false;
  }
  options->min_version = version == "1.3" ? TLS1_3_VERSION : TLS1_2_VERSION;
  const auto ocsp = napi::bytes_or_null_property(env, host, "ocspResponse");
  if (!ocsp) return false;
  options->ocsp_response.assign(ocsp->begin(), ocsp->end());
  napi_value pairs = napi::property(env, host, "certificates");
  const auto count = napi::array_length(env, pairs, "certificates");
  if (!count) return false;
  options->certificates.resize(*count);
  for (uint32_t i = 0; i < *count; i++) {
    TlsKeyPair& pair = options->certificates[i];
    if (!read_strings(env, napi::element(env, pairs, i),
                      {{"chainPem", &pair.chain_pem}, {"privateKeyPem", &pair.private_key_pem}})) {
      return false;
    }
  }
  return true;
}

}  // namespace

std::optional<ConnectionId> id_of(napi_env env, napi_value value, const char* what) {
  const auto id = napi::to_int64(env, value, what);
  if (!id) return std::nullopt;
  return static_cast<ConnectionId>(*id);
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
  if (!read_proxy(env, napi::property(env, object, "proxy"), &options.front.proxy)) {
    return std::nullopt;
  }
  return options;
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
  const auto suite = napi::int_property(env, object, "dtlsSuite");
  if (!suite) return std::nullopt;
  params.dtls_suite = static_cast<uint16_t>(*suite);

  const auto prefix = napi::int_property(env, object, "inside6Prefix");
  if (!prefix) return std::nullopt;
  params.inside6_prefix = static_cast<uint32_t>(std::min(std::max(*prefix, 0), 128));
  const auto mtu = napi::int_property(env, object, "mtu");
  if (!mtu) return std::nullopt;
  params.mtu = static_cast<uint32_t>(std::max(*mtu, 0));
  const std::pair<const char*, int64_t*> numbers[] = {{"dpdMs", &params.dpd_ms},
                                                      {"keepaliveMs", &params.keepalive_ms},
                                                      {"idleTimeoutMs", &params.idle_timeout_ms},
                                                      {"switchToTcpMs", &params.switch_to_tcp_ms},
                                                      {"rxLimit", &params.rx_limit},
                                                      {"txLimit", &params.tx_limit},
                                                      {"rekeyMs", &params.rekey_ms},
                                                      {"keyUpdateMs", &params.key_update_ms}};
  for (const auto& [name, target] : numbers) {
    const auto value = napi::number_property(env, object, name);
    if (!value) return std::nullopt;
    *target = static_cast<int64_t>(*value);
  }
  auto networks = inside_networks(env, object);
  if (!networks) return std::nullopt;
  params.networks = std::move(*networks);
  const std::pair<const char*, Compression*> compressions[] = {
      {"tlsCompression", &params.tls_compression}, {"dtlsCompression", &params.dtls_compression}};
  for (const auto& [name, target] : compressions) {
    const auto value = napi::string_property(env, object, name);
    if (!value) return std::nullopt;
    *target = *value == "oc-lz4" ? Compression::kLz4
              : *value == "lzs"  ? Compression::kLzs
                                 : Compression::kNone;
  }
  const auto dscp = napi::int_property(env, object, "dscp");
  if (!dscp) return std::nullopt;
  params.traffic_class = static_cast<uint8_t>(std::min(std::max(*dscp, 0), 63) << 2);
  const auto deny_roaming = napi::bool_property(env, object, "denyRoaming");
  if (!deny_roaming) return std::nullopt;
  params.deny_roaming = *deny_roaming;
  const auto isolated = napi::bool_property(env, object, "isolated");
  if (!isolated) return std::nullopt;
  params.isolated = *isolated;
  return params;
}

std::optional<std::vector<Address>> ban_list(napi_env env, napi_value array, const char* name) {
  const auto texts = string_array(env, array, name);
  if (!texts) return std::nullopt;
  std::vector<Address> sources(texts->size());
  for (size_t i = 0; i < texts->size(); i++) {
    const std::string& text = (*texts)[i];
    const size_t slash = text.find('/');
    const bool whole = slash == std::string::npos || text.substr(slash) == "/64";
    if (!whole || !parse_address(text.substr(0, slash), &sources[i])) {
      return napi::wrong_type(env, name, "an array of IPv4 addresses and IPv6 /64 networks");
    }
    sources[i] = source_of(sources[i]);
  }
  return sources;
}

std::optional<std::vector<TlsOptions>> tls_hosts(napi_env env, napi_value array) {
  const auto count = napi::array_length(env, array, "hosts");
  if (!count) return std::nullopt;
  if (*count == 0) return napi::wrong_type(env, "hosts", "an array of at least one host");
  std::vector<TlsOptions> hosts(*count);
  for (uint32_t i = 0; i < *count; i++) {
    if (!read_tls_host(env, napi::element(env, array, i), &hosts[i])) return std::nullopt;
  }
  return hosts;
}

}  // namespace wolfguard
