// The addon wolfguard_test: the C++ unit tests, datagrams on a descriptor, a DTLS client and the
// fuzzers, for test/engine/*.ts.
#include <sys/socket.h>
#include <unistd.h>

#include "acl_filter.h"
#include "dtls_client.h"
#include "fake_tun.h"
#include "fuzz.h"
#include "napi_util.h"
#include "unit.h"

namespace wolfguard {
namespace {

napi_value buffer(napi_env env, const Bytes& bytes) {
  napi_value value = nullptr;
  void* copy = nullptr;
  napi_create_buffer_copy(env, bytes.size(), bytes.data(), &copy, &value);
  return value;
}

napi_value strings(napi_env env, const std::vector<std::string>& texts) {
  napi_value list = napi::array(env, texts.size());
  for (uint32_t i = 0; i < texts.size(); i++) {
    napi::set_element(env, list, i, napi::string(env, texts[i]));
  }
  return list;
}

std::optional<Bytes> copy_of(napi_env env, napi_value value, const char* what) {
  const auto bytes = napi::to_bytes(env, value, what);
  if (!bytes) return std::nullopt;
  return Bytes(bytes->begin(), bytes->end());
}

// ─── unit tests and fuzzers ───────────────────────────────────────────────────────────────────

napi_value unit_names(napi_env env, napi_callback_info) {
  std::vector<std::string> names;
  for (const unit::Test& test : unit::tests()) names.emplace_back(test.name);
  return strings(env, names);
}

napi_value run_unit(napi_env env, napi_callback_info info) {
  const auto [argument] = napi::arguments<1>(env, info);
  const auto name = napi::to_string(env, argument, "name");
  return name ? strings(env, unit::run(*name)) : nullptr;
}

napi_value fuzz_names(napi_env env, napi_callback_info) { return strings(env, fuzz::names()); }

/** fuzz(target, seed, milliseconds): how many cases were run. */
napi_value run_fuzz(napi_env env, napi_callback_info info) {
  const auto args = napi::arguments<3>(env, info);
  const auto name = napi::to_string(env, args[0], "target");
  const auto seed = name ? napi::to_int64(env, args[1], "seed") : std::nullopt;
  const auto milliseconds = seed ? napi::to_int64(env, args[2], "milliseconds") : std::nullopt;
  if (!milliseconds) return nullptr;
  return napi::number(
      env, static_cast<double>(fuzz::run(*name, static_cast<uint64_t>(*seed), *milliseconds)));
}

// ─── datagrams on a descriptor ────────────────────────────────────────────────────────────────

/** openFakeTun(): the engine's end and the test's. */
napi_value open_fake_tun(napi_env env, napi_callback_info) {
  auto [engine, test] = FakeTun::open();
  napi_value pair = napi::array(env, 2);
  napi::set_element(env, pair, 0, napi::number(env, engine.release()));
  napi::set_element(env, pair, 1, napi::number(env, test.release()));
  return pair;
}

/** The next datagram, undefined when there is none. */
napi_value read_datagram(napi_env env, napi_callback_info info) {
  const auto [argument] = napi::arguments<1>(env, info);
  const auto fd = napi::to_int(env, argument, "fd");
  if (!fd) return nullptr;
  Bytes datagram(65536);
  const ssize_t n = read(*fd, datagram.data(), datagram.size());
  if (n < 0) {
    return errno == EAGAIN ? napi::undefined(env)
                           : napi::throw_os_error(env, OsError::last("read"));
  }
  datagram.resize(static_cast<size_t>(n));
  return buffer(env, datagram);
}

/** false: the other end has no room. */
napi_value write_datagram(napi_env env, napi_callback_info info) {
  const auto args = napi::arguments<2>(env, info);
  const auto fd = napi::to_int(env, args[0], "fd");
  const auto bytes = fd ? napi::to_bytes(env, args[1], "bytes") : std::nullopt;
  if (!bytes) return nullptr;
  if (write(*fd, bytes->data(), bytes->size()) >= 0) return napi::boolean(env, true);
  if (errno == EAGAIN || errno == ENOBUFS) return napi::boolean(env, false);
  return napi::throw_os_error(env, OsError::last("write"));
}

/** refuseSegmentation(fd): a UDP socket whose kernel says EIO to UDP_SEGMENT from now on. */
napi_value refuse_segmentation(napi_env env, napi_callback_info info) {
  const auto [argument] = napi::arguments<1>(env, info);
  const auto fd = napi::to_int(env, argument, "fd");
  if (!fd) return nullptr;
  const int one = 1;  // without checksums the kernel does not segment
  if (setsockopt(*fd, SOL_SOCKET, SO_NO_CHECK, &one, sizeof one) != 0) {
    return napi::throw_os_error(env, OsError::last("SO_NO_CHECK"));
  }
  return nullptr;
}

// ─── the filter of a policy ───────────────────────────────────────────────────────────────────

/** judgePackets(program, packets): of each 1 allowed, 0 denied, 2 not to be judged. */
napi_value judge_packets(napi_env env, napi_callback_info info) {
  const auto args = napi::arguments<2>(env, info);
  const auto bytes = napi::to_bytes(env, args[0], "program");
  const auto count = bytes ? napi::array_length(env, args[1], "packets") : std::nullopt;
  if (!count) return nullptr;
  const auto program = AclProgram::parse(*bytes);
  if (!program) return napi::undefined(env);
  napi_value verdicts = napi::array(env, *count);
  for (uint32_t i = 0; i < *count; i++) {
    const auto packet = napi::to_bytes(env, napi::element(env, args[1], i), "packet");
    if (!packet) return nullptr;
    const auto parsed = parse_inside_packet(packet->data(), packet->size());
    const auto facts = parsed ? acl_facts(packet->data(), *parsed) : std::nullopt;
    const int verdict = !facts ? 2 : program->allows(*facts) ? 1 : 0;
    napi::set_element(env, verdicts, i, napi::number(env, verdict));
  }
  return verdicts;
}

// ─── the DTLS client ──────────────────────────────────────────────────────────────────────────

DtlsClient* this_client(napi_env env, napi_callback_info info, napi_value* argument) {
  napi_value self = nullptr;
  size_t count = 1;
  void* client = nullptr;
  napi_get_cb_info(env, info, &count, argument, &self, nullptr);
  return napi_unwrap(env, self, &client) == napi_ok ? static_cast<DtlsClient*>(client) : nullptr;
}

napi_value client_receive(napi_env env, napi_callback_info info) {
  napi_value argument = nullptr;
  DtlsClient* client = this_client(env, info, &argument);
  const auto datagram = copy_of(env, argument, "datagram");
  if (client == nullptr || !datagram) return nullptr;
  client->receive(*datagram);
  client->advance();
  return nullptr;
}

napi_value client_time_out(napi_env env, napi_callback_info info) {
  napi_value argument = nullptr;
  DtlsClient* client = this_client(env, info, &argument);
  if (client == nullptr) return nullptr;
  client->advance();
  client->time_out();
  return nullptr;
}

napi_value client_send(napi_env env, napi_callback_info info) {
  napi_value argument = nullptr;
  DtlsClient* client = this_client(env, info, &argument);
  const auto text = copy_of(env, argument, "text");
  if (client == nullptr || !text) return nullptr;
  return napi::boolean(env, client->send(*text));
}

napi_value client_read(napi_env env, napi_callback_info info) {
  napi_value argument = nullptr;
  DtlsClient* client = this_client(env, info, &argument);
  if (client == nullptr) return nullptr;
  const auto text = client->read();
  return text ? buffer(env, *text) : napi::undefined(env);
}

napi_value client_take_output(napi_env env, napi_callback_info info) {
  napi_value argument = nullptr;
  DtlsClient* client = this_client(env, info, &argument);
  if (client == nullptr) return nullptr;
  const Flight flight = client->take_output();
  napi_value list = napi::array(env, flight.size());
  for (uint32_t i = 0; i < flight.size(); i++) {
    napi::set_element(env, list, i, buffer(env, flight[i]));
  }
  return list;
}

/** 'handshake', 'up', 'failed' or 'closed'. */
napi_value client_state(napi_env env, napi_callback_info info) {
  napi_value argument = nullptr;
  const DtlsClient* client = this_client(env, info, &argument);
  if (client == nullptr) return nullptr;
  return napi::string(env, client->failed()   ? "failed"
                           : client->closed() ? "closed"
                           : client->up()     ? "up"
                                              : "handshake");
}

napi_value client_close(napi_env env, napi_callback_info info) {
  napi_value argument = nullptr;
  DtlsClient* client = this_client(env, info, &argument);
  if (client != nullptr) client->close();
  return nullptr;
}

/** createDtlsClient(appId, secret, ciphers): 48 bytes of secret are a legacy master secret. */
napi_value create_dtls_client(napi_env env, napi_callback_info info) {
  const auto args = napi::arguments<3>(env, info);
  const auto app_id = copy_of(env, args[0], "appId");
  const auto secret = app_id ? copy_of(env, args[1], "secret") : std::nullopt;
  const auto ciphers = secret ? napi::to_string(env, args[2], "ciphers") : std::nullopt;
  if (!ciphers) return nullptr;
  DtlsClientOptions options;
  memcpy(options.app_id.data(), app_id->data(), std::min(app_id->size(), options.app_id.size()));
  options.secret = *secret;
  options.ciphers = *ciphers;
  auto client = DtlsClient::create(options);
  if (!client) {
    napi_throw_error(env, "ERR_DTLS_CLIENT", "OpenSSL refuses these options");
    return nullptr;
  }
  client->advance();
  napi_value object = napi::object(env);
  napi::define(env, object, "receive", client_receive);
  napi::define(env, object, "timeOut", client_time_out);
  napi::define(env, object, "send", client_send);
  napi::define(env, object, "read", client_read);
  napi::define(env, object, "takeOutput", client_take_output);
  napi::define(env, object, "state", client_state);
  napi::define(env, object, "close", client_close);
  napi_wrap(
      env, object, client.release(),
      [](napi_env, void* data, void*) { delete static_cast<DtlsClient*>(data); }, nullptr, nullptr);
  return object;
}

}  // namespace
}  // namespace wolfguard

NAPI_MODULE_INIT() {
  using namespace wolfguard;
  napi::define(env, exports, "unitNames", unit_names);
  napi::define(env, exports, "runUnit", run_unit);
  napi::define(env, exports, "fuzzNames", fuzz_names);
  napi::define(env, exports, "runFuzz", run_fuzz);
  napi::define(env, exports, "openFakeTun", open_fake_tun);
  napi::define(env, exports, "refuseSegmentation", refuse_segmentation);
  napi::define(env, exports, "readDatagram", read_datagram);
  napi::define(env, exports, "writeDatagram", write_datagram);
  napi::define(env, exports, "judgePackets", judge_packets);
  napi::define(env, exports, "createDtlsClient", create_dtls_client);
  return exports;
}
