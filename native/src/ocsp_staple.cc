#include "ocsp_staple.h"

#include <openssl/ocsp.h>

#include <memory>

#include "openssl_pem.h"

namespace wolfguard {

namespace {

struct Staple {
  Bytes der;
  /** What it speaks of; the context keeps it. */
  const X509* certificate;
};

int staple_index() {
  static const int index = SSL_CTX_get_ex_new_index(
      0, nullptr, nullptr, nullptr, [](void*, void* staple, CRYPTO_EX_DATA*, int, long, void*) {
        delete static_cast<Staple*>(staple);
      });
  return index;
}

/** OpenSSL has chosen the certificate by now. */
int on_status_request(SSL* ssl, void*) {
  const auto* staple =
      static_cast<const Staple*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), staple_index()));
  if (SSL_get_certificate(ssl) != staple->certificate) return SSL_TLSEXT_ERR_NOACK;
  void* copy = OPENSSL_memdup(staple->der.data(), staple->der.size());
  if (copy == nullptr) return SSL_TLSEXT_ERR_NOACK;
  SSL_set_tlsext_status_ocsp_resp(ssl, copy, static_cast<int>(staple->der.size()));
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace

bool staple_ocsp_response(SSL_CTX* context, const X509* certificate, const Bytes& der,
                          std::string* error) {
  const uint8_t* data = der.data();
  OCSP_RESPONSE* response = d2i_OCSP_RESPONSE(nullptr, &data, static_cast<long>(der.size()));
  if (response == nullptr) {
    *error = "tls.ocsp_response: " + take_openssl_error();
    return false;
  }
  const int status = OCSP_response_status(response);
  OCSP_RESPONSE_free(response);
  if (status != OCSP_RESPONSE_STATUS_SUCCESSFUL) {
    *error = std::string("tls.ocsp_response: the responder had none: ") +
             OCSP_response_status_str(status);
    return false;
  }
  auto staple = std::make_unique<Staple>(Staple{der, certificate});
  if (SSL_CTX_set_ex_data(context, staple_index(), staple.get()) != 1) {
    *error = "tls.ocsp_response: " + take_openssl_error();
    return false;
  }
  (void)staple.release();
  SSL_CTX_set_tlsext_status_cb(context, on_status_request);
  return true;
}

}  // namespace wolfguard
