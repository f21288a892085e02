// PEM out of memory, and OpenSSL's own words for what is wrong with it.
#pragma once

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <memory>
#include <string>

namespace wolfguard {

struct BioDeleter {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using BioPtr = std::unique_ptr<BIO, BioDeleter>;

inline BioPtr memory_bio(const std::string& text) {
  return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

/** No key here has a pass phrase; without this OpenSSL would ask on the terminal. */
inline int no_passphrase(char*, int, int, void*) { return -1; }

/** OpenSSL's own words for the oldest error of this thread; empties its queue. */
inline std::string take_openssl_error() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return "unknown OpenSSL error";
  char text[256];
  ERR_error_string_n(code, text, sizeof text);
  return text;
}

/** After a read that gave nothing: was that only the end of the text? Then it is no error. */
inline bool is_end_of_pem() {
  const unsigned long code = ERR_peek_last_error();
  if (ERR_GET_LIB(code) != ERR_LIB_PEM || ERR_GET_REASON(code) != PEM_R_NO_START_LINE) return false;
  ERR_clear_error();
  return true;
}

/** Calls each(X509*) for all certificates; false when one is damaged or `each` says so. */
template <typename Each>
bool read_certificates(const std::string& pem, Each&& each) {
  const BioPtr bio = memory_bio(pem);
  for (;;) {
    X509* certificate = PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr);
    if (certificate == nullptr) return is_end_of_pem();
    const bool taken = each(certificate);
    X509_free(certificate);
    if (!taken) return false;
  }
}

}  // namespace wolfguard
