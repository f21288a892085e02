#include "client_certificate.h"

#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <memory>

#include "openssl_pem.h"

namespace wolfguard {

namespace {

struct StoreDeleter {
  void operator()(X509_STORE* store) const { X509_STORE_free(store); }
};
struct NamesDeleter {
  void operator()(STACK_OF(X509_NAME) * names) const {
    sk_X509_NAME_pop_free(names, X509_NAME_free);
  }
};

/** Revocation lists may be PEM of several; false when one is damaged, or there is none. */
bool add_revocations(X509_STORE* store, const std::string& pem) {
  const BioPtr bio = memory_bio(pem);
  for (bool first = true;; first = false) {
    X509_CRL* list = PEM_read_bio_X509_CRL(bio.get(), nullptr, no_passphrase, nullptr);
    if (list == nullptr) return !first && is_end_of_pem();
    const bool added = X509_STORE_add_crl(store, list) == 1;
    X509_CRL_free(list);
    if (!added) return false;
  }
}

/** The names help clients to choose among several certificates. */
bool add_authority(X509_STORE* store, STACK_OF(X509_NAME) * names, X509* certificate) {
  if (X509_STORE_add_cert(store, certificate) != 1) return false;
  const X509_NAME* subject = X509_get_subject_name(certificate);
  for (int i = 0; i < sk_X509_NAME_num(names); i++) {
    if (X509_NAME_cmp(sk_X509_NAME_value(names, i), subject) == 0) return true;
  }
  X509_NAME* copy = X509_NAME_dup(subject);
  if (copy != nullptr && sk_X509_NAME_push(names, copy) > 0) return true;
  X509_NAME_free(copy);
  return false;
}

/** An authority that the operator names needs nobody above it to say that it is not revoked. */
int forgive_anchor(int ok, X509_STORE_CTX* context) {
  if (ok == 1 || X509_STORE_CTX_get_error(context) != X509_V_ERR_UNABLE_TO_GET_CRL) return ok;
  const int depth = X509_STORE_CTX_get_error_depth(context);
  if (depth == 0 || depth + 1 != sk_X509_num(X509_STORE_CTX_get0_chain(context))) return ok;
  X509_STORE_CTX_set_error(context, X509_V_OK);
  return 1;
}

/** The handshake goes on in any case; OpenSSL keeps the error for SSL_get_verify_result. */
int verify(X509_STORE_CTX* context, void*) {
  X509_STORE_CTX_set_verify_cb(context, forgive_anchor);
  const bool sound = X509_verify_cert(context) == 1;
  if (!sound && X509_STORE_CTX_get_error(context) == X509_V_OK) {
    X509_STORE_CTX_set_error(context, X509_V_ERR_UNSPECIFIED);
  }
  ERR_clear_error();
  return 1;
}

}  // namespace

bool ask_for_certificate(SSL_CTX* context, const std::string& ca_pem, const std::string& crl_pem,
                         std::string* error) {
  const std::unique_ptr<X509_STORE, StoreDeleter> store(X509_STORE_new());
  std::unique_ptr<STACK_OF(X509_NAME), NamesDeleter> names(sk_X509_NAME_new_null());
  const auto fail = [&](const char* what) {
    *error = std::string(what) + ": " + take_openssl_error();
    return false;
  };
  if (!store || !names) return fail("TLS");
  const bool read = read_certificates(ca_pem, [&](X509* certificate) {
    return add_authority(store.get(), names.get(), certificate);
  });
  if (!read || sk_X509_NAME_num(names.get()) == 0) return fail("tls.client_ca");
  // Whom the operator names is trusted, be it a root or not.
  unsigned long flags = X509_V_FLAG_PARTIAL_CHAIN;
  if (!crl_pem.empty()) {
    if (!add_revocations(store.get(), crl_pem)) return fail("tls.client_crl");
    flags |= X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL;
  }
  X509_STORE_set_flags(store.get(), flags);
  X509_STORE_set_purpose(store.get(), X509_PURPOSE_SSL_CLIENT);
  // Not the store that our own chain is completed from.
  if (SSL_CTX_set1_verify_cert_store(context, store.get()) != 1) return fail("tls.client_ca");
  SSL_CTX_set_client_CA_list(context, names.release());
  SSL_CTX_set_cert_verify_callback(context, verify, nullptr);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  return true;
}

std::optional<ClientCertificate> client_certificate_of(const SSL* ssl) {
  X509* certificate = SSL_get0_peer_certificate(ssl);
  if (certificate == nullptr) return std::nullopt;
  const int size = i2d_X509(certificate, nullptr);
  if (size <= 0) return std::nullopt;
  ClientCertificate result;
  result.der.resize(static_cast<size_t>(size));
  uint8_t* out = result.der.data();
  i2d_X509(certificate, &out);
  const long status = SSL_get_verify_result(ssl);
  if (status != X509_V_OK) result.error = X509_verify_cert_error_string(status);
  return result;
}

}  // namespace wolfguard
