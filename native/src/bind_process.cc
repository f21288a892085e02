// native/system.ts, what concerns the process itself and all its children.
#include "bind.h"
#include "descriptors.h"
#include "io_uring.h"
#include "napi_util.h"

namespace wolfguard {

namespace {

napi_value bind_deny_io_uring(napi_env env, napi_callback_info) {
  const OsError error = deny_io_uring();
  return error.failed() ? napi::throw_os_error(env, error) : nullptr;
}

napi_value bind_keep_descriptors(napi_env env, napi_callback_info) {
  const OsError error = keep_descriptors();
  return error.failed() ? napi::throw_os_error(env, error) : nullptr;
}

}  // namespace

void bind_process(napi_env env, napi_value exports) {
  napi::define(env, exports, "denyIoUring", bind_deny_io_uring);
  napi::define(env, exports, "keepDescriptors", bind_keep_descriptors);
}

}  // namespace wolfguard
