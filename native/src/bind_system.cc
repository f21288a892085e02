// native/system.ts in C++: arguments in, errno out. The work itself is in files without Node.
#include "bind.h"
#include "fd.h"
#include "napi_util.h"

namespace wolfguard {

void bind_system(napi_env env, napi_value exports) {
  (void)env;
  (void)exports;
}

}  // namespace wolfguard
