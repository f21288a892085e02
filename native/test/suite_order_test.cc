// Which suite a handshake ends with, by the server's hardware and the client's wish.
#include "suite_order.h"

#include "lossy_network.h"
#include "random.h"
#include "tls_pair.h"
#include "unit.h"

namespace wolfguard {
namespace {

struct Suites {
  const char *aes256, *aes128, *chacha20;
  /** The client's lists: AES first, ChaCha20 first, AES-128 before AES-256. */
  std::string aes_first() const { return join(aes256, aes128, chacha20); }
  std::string chacha20_first() const { return join(chacha20, aes128, aes256); }
  std::string aes128_first() const { return join(aes128, chacha20, aes256); }

 private:
  static std::string join(const char* a, const char* b, const char* c) {
    return std::string(a) + ":" + b + ":" + c;
  }
};

constexpr Suites kTls13 = {"TLS_AES_256_GCM_SHA384", "TLS_AES_128_GCM_SHA256",
                           "TLS_CHACHA20_POLY1305_SHA256"};
constexpr Suites kTls12 = {"ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-AES128-GCM-SHA256",
                           "ECDHE-ECDSA-CHACHA20-POLY1305"};
constexpr Suites kDtls = {"PSK-AES256-GCM-SHA384", "PSK-AES128-GCM-SHA256",
                          "PSK-CHACHA20-POLY1305"};

std::string tls_suite(bool tls13, const std::string& wishes, bool aes_hardware,
                      const char* server_ciphers = "") {
  TlsPair pair({.tls13 = tls13,
                .suite = wishes.c_str(),
                .server_ciphers = server_ciphers,
                .aes_hardware = aes_hardware});
  return pair.up() ? SSL_get_cipher_name(pair.client()) : "none";
}

std::string dtls_suite(const std::string& wishes, bool aes_hardware) {
  ChannelRig rig;
  std::string error;
  if (!rig.contexts.open(&error, aes_hardware)) return error;
  const Bytes secret = Random(1).bytes(32);
  rig.add_tunnel(1, secret);
  const auto client = DtlsClient::create({ChannelRig::app_id_of(1), secret, wishes, true});
  LossyNetwork network(&rig, client.get(), {}, false);
  return network.run() ? client->cipher_name() : "none";
}

std::string chosen(const Suites& suites, const std::string& wishes, bool aes_hardware) {
  return &suites == &kDtls ? dtls_suite(wishes, aes_hardware)
                           : tls_suite(&suites == &kTls13, wishes, aes_hardware);
}

}  // namespace

UNIT_TEST("with AES hardware AES-256-GCM is chosen, unless the client wants ChaCha20 most") {
  for (const Suites* suites : {&kTls13, &kTls12, &kDtls}) {
    CHECK_EQUAL(chosen(*suites, suites->aes_first(), true), suites->aes256);
    CHECK_EQUAL(chosen(*suites, suites->aes128_first(), true), suites->aes256);
    CHECK_EQUAL(chosen(*suites, suites->chacha20_first(), true), suites->chacha20);
  }
}

UNIT_TEST("without AES hardware ChaCha20 is chosen, and AES where a client has nothing else") {
  for (const Suites* suites : {&kTls13, &kTls12, &kDtls}) {
    CHECK_EQUAL(chosen(*suites, suites->aes_first(), false), suites->chacha20);
    CHECK_EQUAL(chosen(*suites, suites->chacha20_first(), false), suites->chacha20);
    CHECK_EQUAL(chosen(*suites, suites->aes256, false), suites->aes256);
  }
}

UNIT_TEST("the configured list of TLS 1.2 decides by itself") {
  const std::string list = std::string(kTls12.aes128) + ":" + kTls12.aes256;
  for (const bool aes_hardware : {true, false}) {
    for (const std::string& wishes : {kTls12.aes_first(), kTls12.chacha20_first()}) {
      CHECK_EQUAL(tls_suite(false, wishes, aes_hardware, list.c_str()), kTls12.aes128);
    }
  }
}

}  // namespace wolfguard
