// A certificate, its private key and its issuers in one file under a passphrase [rfc7292].
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace wolfguard {

struct Pkcs12Contents {
  std::string certificate_pem;
  std::string private_key_pem;
  /** The issuers, none or more. */
  std::string chain_pem;
  /** What people read in their list of certificates. */
  std::string name;
  std::string passphrase;
  /** 3DES and SHA-1, for programs older than 2020; else AES-256 and SHA-256. */
  bool legacy;
};

/** False: `error` is OpenSSL's reason. */
bool create_pkcs12(const Pkcs12Contents& contents, std::vector<uint8_t>* file, std::string* error);

}  // namespace wolfguard
