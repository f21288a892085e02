// The addon's entry point: every bind_*.cc adds its functions to the exports.
#include "bind.h"

NAPI_MODULE_INIT() {
  wolfguard::bind_certificates(env, exports);
  wolfguard::bind_engine(env, exports);
  wolfguard::bind_passed_sockets(env, exports);
  wolfguard::bind_probes(env, exports);
  wolfguard::bind_process(env, exports);
  wolfguard::bind_steering(env, exports);
  wolfguard::bind_system(env, exports);
  return exports;
}
