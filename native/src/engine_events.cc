#include "engine_events.h"

namespace wolfguard {

namespace {

struct End {
  const char* name;
  const char* text;
};

constexpr End kEnds[] = {
    {"user-disconnect", ""},
    {"lost", ""},
    {"dpd-timeout", ""},
    {"idle-timeout", "The session was idle for too long"},
    {"session-timeout", "The session has lasted as long as it may"},
    {"replaced", ""},
    {"admin", ""},
    {"shutdown", ""},
    {"protocol-error", ""},
    {"hours-over", "The hours of access are over"},
    {"account-expired", "The account has expired"},
    {"quota-used", "The quota of traffic is used up"},
};

}  // namespace

const char* tunnel_end_name(TunnelEnd end) { return kEnds[static_cast<int>(end)].name; }

const char* tunnel_end_text(TunnelEnd end) { return kEnds[static_cast<int>(end)].text; }

bool parse_tunnel_end(const std::string& name, TunnelEnd* end) {
  for (size_t i = 0; i < std::size(kEnds); i++) {
    if (name == kEnds[i].name) {
      *end = static_cast<TunnelEnd>(i);
      return true;
    }
  }
  return false;
}

}  // namespace wolfguard
