#include "pkcs12.h"

#include <openssl/pkcs12.h>

#include <memory>

#include "openssl_pem.h"

namespace wolfguard {

namespace {

/** A moment for us, and as long again for each guess of whoever finds the file. */
constexpr int kIterations = 100'000;
/** What everybody wrote when the old algorithms were new; some old readers refuse more. */
constexpr int kLegacyIterations = 2'048;

struct Deleter {
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(PKCS12* file) const { PKCS12_free(file); }
  void operator()(STACK_OF(X509) * list) const { sk_X509_pop_free(list, X509_free); }
};
template <typename T>
using Owned = std::unique_ptr<T, Deleter>;

}  // namespace

bool create_pkcs12(const Pkcs12Contents& contents, std::vector<uint8_t>* file, std::string* error) {
  ERR_clear_error();
  const BioPtr certificate_bio = memory_bio(contents.certificate_pem);
  const Owned<X509> certificate(
      PEM_read_bio_X509(certificate_bio.get(), nullptr, no_passphrase, nullptr));
  const BioPtr key_bio = memory_bio(contents.private_key_pem);
  const Owned<EVP_PKEY> key(
      PEM_read_bio_PrivateKey(key_bio.get(), nullptr, no_passphrase, nullptr));
  if (!certificate || !key) {
    *error = take_openssl_error();
    return false;
  }
  const Owned<STACK_OF(X509)> chain(sk_X509_new_null());
  const bool read = read_certificates(contents.chain_pem, [&](X509* issuer) {
    return X509_add_cert(chain.get(), issuer, X509_ADD_FLAG_UP_REF) == 1;
  });
  if (!read) {
    *error = take_openssl_error();
    return false;
  }
  const int cipher = contents.legacy ? NID_pbe_WithSHA1And3_Key_TripleDES_CBC : NID_aes_256_cbc;
  const int iterations = contents.legacy ? kLegacyIterations : kIterations;
  const EVP_MD* digest = contents.legacy ? EVP_sha1() : EVP_sha256();
  // -1: no MAC yet, since PKCS12_create would choose its digest by itself.
  const Owned<PKCS12> made(PKCS12_create(contents.passphrase.c_str(), contents.name.c_str(),
                                         key.get(), certificate.get(), chain.get(), cipher, cipher,
                                         iterations, -1, 0));
  if (!made || PKCS12_set_mac(made.get(), contents.passphrase.c_str(),
                              static_cast<int>(contents.passphrase.size()), nullptr, 0, iterations,
                              digest) != 1) {
    *error = take_openssl_error();
    return false;
  }
  uint8_t* der = nullptr;
  const int size = i2d_PKCS12(made.get(), &der);
  if (size <= 0) {
    *error = take_openssl_error();
    return false;
  }
  file->assign(der, der + size);
  OPENSSL_free(der);
  return true;
}

}  // namespace wolfguard
