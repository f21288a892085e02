// The addon's entry point: every bind_*.cc adds its functions to the exports.
#include <node_api.h>

#include "bind.h"

NAPI_MODULE_INIT() {
  (void)env;
  return exports;
}
