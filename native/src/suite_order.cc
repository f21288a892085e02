#include "suite_order.h"

#if defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

namespace wolfguard {

namespace {

// TLS 1.2: forward secrecy and AEAD only. DTLS: AEAD only, since its records are ours; a
// pre-shared key has no security level of its own.
constexpr SuiteOrder kAesFirst = {
    "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL:!PSK:!DSS",
    "TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256",
    "PSK-AES256-GCM-SHA384:PSK-AES128-GCM-SHA256:PSK-CHACHA20-POLY1305:@SECLEVEL=1"};
constexpr SuiteOrder kChaCha20First = {
    "ECDHE+CHACHA20:ECDHE+AESGCM:!aNULL:!PSK:!DSS",
    "TLS_CHACHA20_POLY1305_SHA256:TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256",
    "PSK-CHACHA20-POLY1305:PSK-AES256-GCM-SHA384:PSK-AES128-GCM-SHA256:@SECLEVEL=1"};

}  // namespace

bool has_aes_hardware() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("aes") != 0 && __builtin_cpu_supports("pclmul") != 0;
#elif defined(__aarch64__)
  const unsigned long capabilities = getauxval(AT_HWCAP);
  return (capabilities & HWCAP_AES) != 0 && (capabilities & HWCAP_PMULL) != 0;
#else
  return false;
#endif
}

SuiteOrder suite_order(bool aes_hardware) { return aes_hardware ? kAesFirst : kChaCha20First; }

}  // namespace wolfguard
