// Sealing and opening with the AEAD ciphers of TLS 1.2, TLS 1.3 and DTLS 1.2.
//
// An OpenSSL cipher context is 1.2 KiB and most tunnels are silent most of the time. So a key is
// kept raw, and all keys of a thread share a fixed set of contexts: one that finds itself still set
// up in its context gives only the nonce (16 ns), another sets its key again (80 ns more).
#pragma once

#include <openssl/evp.h>

#include <array>
#include <memory>
#include <optional>

#include "bytes.h"

namespace wolfguard {

inline constexpr size_t kAeadTagSize = 16;
inline constexpr size_t kAeadNonceSize = 12;
inline constexpr size_t kMaxAeadKeySize = 32;

enum class AeadSuite : uint8_t { kAes128Gcm, kAes256Gcm, kChaCha20Poly1305 };

/** nullopt: none of the three. */
std::optional<AeadSuite> aead_suite_of(const EVP_CIPHER* cipher);
size_t aead_key_size(AeadSuite suite);

using AeadNonce = std::array<uint8_t, kAeadNonceSize>;

/** The nonce of TLS 1.3 and of ChaCha20 in 1.2: the IV and the record's number [rfc8446 5.3]. */
AeadNonce xor_nonce(const AeadNonce& iv, uint64_t number);

struct CipherContextDeleter {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, CipherContextDeleter>;

/** One direction's key. May be made and freed on any thread, used on one. */
class AeadKey {
 public:
  /** `key` holds aead_key_size(suite) bytes or more. */
  AeadKey(AeadSuite suite, const uint8_t* key);
  ~AeadKey();
  AeadKey(const AeadKey&) = delete;
  AeadKey& operator=(const AeadKey&) = delete;

  AeadSuite suite() const { return suite_; }
  /** Another key of the same suite. */
  void replace(const uint8_t* key);

  /** Writes `size` bytes and the tag to `out`, which may be `text`. */
  bool seal(const AeadNonce& nonce, ByteView additional, const uint8_t* text, size_t size,
            uint8_t* out);
  /** In place; the tag stands behind `size` bytes. false: forged, and the bytes are garbled. */
  bool open(const AeadNonce& nonce, ByteView additional, uint8_t* text, size_t size);

 private:
  EVP_CIPHER_CTX* set_up(const AeadNonce& nonce, bool sealing);

  uint64_t id_;
  std::array<uint8_t, kMaxAeadKeySize> key_{};
  AeadSuite suite_;
};

}  // namespace wolfguard
