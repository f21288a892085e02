// Engine.totals and Engine.measure of native/engine.ts.
#include "bind_engine_totals.h"

#include "napi_util.h"

namespace wolfguard {

namespace {

void set_number(napi_env env, napi_value object, const std::string& name, uint64_t value) {
  napi::set(env, object, name.c_str(), napi::number(env, static_cast<double>(value)));
}

void set_durations(napi_env env, napi_value sums, const std::string& name,
                   const Durations& durations) {
  for (size_t i = 0; i < Durations::kBoundsMs.size(); i++) {
    set_number(env, sums, name + ".up_to." + std::to_string(Durations::kBoundsMs[i]),
               durations.count(i));
  }
  set_number(env, sums, name + ".longer", durations.count(Durations::kBoundsMs.size()));
  set_number(env, sums, name + ".ms", durations.total_ms());
}

napi_value sums_of(napi_env env, const EngineTotals& totals, const UdpQueue::State& udp) {
  napi_value sums = napi::object(env);
  for (size_t i = 0; i < EngineTotals::kPacketSums; i++) {
    const auto sum = static_cast<PacketSum>(i);
    set_number(env, sums, name_of(sum), totals.get(sum));
  }
  for (size_t i = 0; i < EngineTotals::kFrontSums; i++) {
    const auto sum = static_cast<FrontSum>(i);
    set_number(env, sums, name_of(sum), totals.get(sum));
  }
  set_durations(env, sums, "took.tls", totals.tls_handshakes);
  set_durations(env, sums, "took.dtls", totals.dtls_handshakes);
  set_number(env, sums, "drop.received.udp_buffer_full", udp.dropped);
  return sums;
}

}  // namespace

napi_value totals_object(napi_env env, const EngineTotals& totals) {
  const std::pair<const char*, uint64_t> fields[] = {
      {"connections", totals.connections},
      {"tunnels", totals.tunnels},
      {"dtlsTunnels", totals.dtls_tunnels},
      {"handshakes", totals.handshakes()},
      {"handshakesFailed", totals.get(FrontSum::kFailed)},
      {"handshakesRefused", totals.refused()},
      {"forwardedPackets", totals.get(PacketSum::kForwardedPackets)},
      {"droppedPackets", totals.dropped_packets()}};
  napi_value result = napi::object(env);
  for (const auto& [name, value] : fields) set_number(env, result, name, value);
  return result;
}

napi_value measures_object(napi_env env, const EngineTotals& totals, const UdpQueue::State& udp) {
  const auto read = [](const std::atomic<uint64_t>& level) {
    return level.load(std::memory_order_relaxed);
  };
  const std::pair<const char*, uint64_t> fields[] = {
      {"connections", read(totals.connections)},
      {"tunnels", read(totals.tunnels)},
      {"dtls_tunnels", read(totals.dtls_tunnels)},
      {"tls_waiting_bytes", read(totals.tls_waiting_bytes)},
      {"tls_blocked", read(totals.tls_blocked)},
      {"udp_waiting_bytes", udp.waiting_bytes}};
  napi_value levels = napi::object(env);
  for (const auto& [name, value] : fields) set_number(env, levels, name, value);
  napi_value result = napi::object(env);
  napi::set(env, result, "sums", sums_of(env, totals, udp));
  napi::set(env, result, "levels", levels);
  return result;
}

}  // namespace wolfguard
