// What native/engine.ts calls an engine: the engine, and its events on their way to JavaScript.
// They cross to its thread through one thread-safe function, in the order in which each engine
// thread raised them.
#pragma once

#include <functional>
#include <memory>
#include <unordered_map>

#include "engine.h"
#include "napi_util.h"

namespace wolfguard {

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
  /** By the number that JavaScript gave them; tunnels keep what is forgotten here. */
  std::unordered_map<uint64_t, std::shared_ptr<const AclProgram>> acls;

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
  void connects_failed(FailureCounts::Counts counts) override;
  void packets_calm(pid_t thread) override;
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

/** Sets the fields of TunnelCounters. */
void set_counters(napi_env env, napi_value object, const TunnelShared& shared);

inline void set_number(napi_env env, napi_value object, const char* name, uint64_t value) {
  napi::set(env, object, name, napi::number(env, static_cast<double>(value)));
}

inline void set_string(napi_env env, napi_value object, const char* name, std::string_view value) {
  napi::set(env, object, name, napi::string(env, value));
}

}  // namespace wolfguard
