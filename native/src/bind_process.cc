// native/system.ts, what concerns the process itself, all its children and who watches over it.
#include "bind.h"
#include "descriptors.h"
#include "io_uring.h"
#include "napi_util.h"
#include "unix_datagram.h"

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

napi_value bind_send_unix_datagram(napi_env env, napi_callback_info info) {
  const auto args = napi::arguments<2>(env, info);
  const auto path = napi::to_string(env, args[0], "path");
  if (!path) return nullptr;
  const auto data = napi::to_bytes(env, args[1], "data");
  if (!data) return nullptr;
  auto delivery = send_unix_datagram(*path, *data);
  if (delivery.failed()) return napi::throw_os_error(env, delivery.error());
  const Delivery what = delivery.value();
  return napi::string(env, what == Delivery::kSent   ? "sent"
                           : what == Delivery::kFull ? "full"
                                                     : "gone");
}

}  // namespace

void bind_process(napi_env env, napi_value exports) {
  napi::define(env, exports, "denyIoUring", bind_deny_io_uring);
  napi::define(env, exports, "keepDescriptors", bind_keep_descriptors);
  napi::define(env, exports, "sendUnixDatagram", bind_send_unix_datagram);
}

}  // namespace wolfguard
