#include "bind_engine_handle.h"

namespace wolfguard {

namespace {

napi_value event_of(napi_env env, const char* type) {
  napi_value event = napi::object(env);
  napi::set(env, event, "type", napi::string(env, type));
  return event;
}

napi_value certificate_of(napi_env env, const ConnectionOpened& opened) {
  if (!opened.client_certificate) return napi::null(env);
  const auto& [der, error] = *opened.client_certificate;
  napi_value certificate = napi::object(env);
  napi::set(env, certificate, "der", napi::bytes(env, der));
  napi::set(env, certificate, "error", error.empty() ? napi::null(env) : napi::string(env, error));
  return certificate;
}

}  // namespace

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
    set_string(env, event, "host", shared->host);
    napi::set(env, event, "clientCertificate", certificate_of(env, *shared));
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

void EngineHandle::connects_failed(FailureCounts::Counts counts) {
  post([counts = std::move(counts)](napi_env env, EngineHandle& self) {
    napi_value list = napi::array(env, counts.size());
    uint32_t index = 0;
    for (const auto& [source, count] : counts) {
      napi_value entry = napi::array(env, 2);
      napi::set_element(env, entry, 0, napi::string(env, format_address(source)));
      napi::set_element(env, entry, 1, napi::number(env, count));
      napi::set_element(env, list, index++, entry);
    }
    napi_value event = event_of(env, "failed-connects");
    napi::set(env, event, "counts", list);
    self.emit(env, event);
  });
}

void EngineHandle::packets_calm(pid_t thread) {
  post([=](napi_env env, EngineHandle& self) {
    napi_value event = event_of(env, "packets-calm");
    set_number(env, event, "thread", static_cast<uint64_t>(thread));
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
  set_number(env, object, "deniedPackets", read(shared.denied_packets));
}

}  // namespace wolfguard
