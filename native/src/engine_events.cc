#include "engine_events.h"

namespace wolfguard {

namespace {
constexpr const char* kEndNames[] = {"user-disconnect", "lost",     "dpd-timeout", "idle-timeout",
                                     "session-timeout", "replaced", "admin",       "shutdown",
                                     "protocol-error"};
}

const char* tunnel_end_name(TunnelEnd end) { return kEndNames[static_cast<int>(end)]; }

bool parse_tunnel_end(const std::string& name, TunnelEnd* end) {
  for (size_t i = 0; i < std::size(kEndNames); i++) {
    if (name == kEndNames[i]) {
      *end = static_cast<TunnelEnd>(i);
      return true;
    }
  }
  return false;
}

}  // namespace wolfguard
