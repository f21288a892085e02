// native/pkcs12.ts in C++.
#include "bind.h"
#include "napi_util.h"
#include "pkcs12.h"

namespace wolfguard {
namespace {

napi_value create_pkcs12_file(napi_env env, napi_callback_info info) {
  const auto [contents] = napi::arguments<1>(env, info);
  const auto certificate = napi::string_property(env, contents, "certificatePem");
  const auto key =
      certificate ? napi::string_property(env, contents, "privateKeyPem") : std::nullopt;
  const auto chain = key ? napi::string_property(env, contents, "chainPem") : std::nullopt;
  const auto name = chain ? napi::string_property(env, contents, "name") : std::nullopt;
  const auto passphrase = name ? napi::string_property(env, contents, "passphrase") : std::nullopt;
  const auto legacy = passphrase ? napi::bool_property(env, contents, "legacy") : std::nullopt;
  if (!legacy) return nullptr;
  std::vector<uint8_t> file;
  std::string error;
  if (!create_pkcs12({*certificate, *key, *chain, *name, *passphrase, *legacy}, &file, &error)) {
    napi_throw_error(env, "ERR_PKCS12", error.c_str());
    return nullptr;
  }
  return napi::bytes(env, file);
}

}  // namespace

void bind_certificates(napi_env env, napi_value exports) {
  napi::define(env, exports, "createPkcs12", create_pkcs12_file);
}

}  // namespace wolfguard
