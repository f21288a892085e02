#include "aead.h"

#include <openssl/crypto.h>

#include <atomic>

namespace wolfguard {

namespace {

constexpr int kSuites = 3;
constexpr const char* kCipherNames[kSuites] = {"AES-128-GCM", "AES-256-GCM", "ChaCha20-Poly1305"};
constexpr size_t kKeySizes[kSuites] = {16, 32, 32};

/**
 * Contexts of a thread and suite. More tunnels than this seldom speak within the same instant, and
 * two that share one pay a key setup a batch, not a record: batches are of one tunnel.
 */
constexpr size_t kContexts = 256;

/** Looked up by name once a process: doing that for each setup takes locks and microseconds. */
const EVP_CIPHER* fetched(AeadSuite suite) {
  static const std::array<EVP_CIPHER*, kSuites> ciphers = [] {
    std::array<EVP_CIPHER*, kSuites> all{};
    for (int i = 0; i < kSuites; i++) all[i] = EVP_CIPHER_fetch(nullptr, kCipherNames[i], nullptr);
    return all;
  }();
  return ciphers[static_cast<size_t>(suite)];
}

/** A context and the key that it was last set up with. */
struct Slot {
  CipherContext context;
  uint64_t owner = 0;
};

/** Keys get numbers in a row, so those of one moment fall into different slots. */
Slot& slot_of(AeadSuite suite, uint64_t id) {
  static thread_local std::array<std::array<Slot, kContexts>, kSuites> slots;
  return slots[static_cast<size_t>(suite)][id % kContexts];
}

uint64_t next_id() {
  static std::atomic<uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

}  // namespace

std::optional<AeadSuite> aead_suite_of(const EVP_CIPHER* cipher) {
  if (cipher == nullptr) return std::nullopt;
  switch (EVP_CIPHER_get_nid(cipher)) {
    case NID_aes_128_gcm:
      return AeadSuite::kAes128Gcm;
    case NID_aes_256_gcm:
      return AeadSuite::kAes256Gcm;
    case NID_chacha20_poly1305:
      return AeadSuite::kChaCha20Poly1305;
    default:
      return std::nullopt;
  }
}

size_t aead_key_size(AeadSuite suite) { return kKeySizes[static_cast<size_t>(suite)]; }

AeadNonce xor_nonce(const AeadNonce& iv, uint64_t number) {
  AeadNonce nonce = iv;
  uint8_t* low = nonce.data() + kAeadNonceSize - sizeof number;
  store64(low, load64(low) ^ number);
  return nonce;
}

AeadKey::AeadKey(AeadSuite suite, const uint8_t* key) : id_(next_id()), suite_(suite) {
  memcpy(key_.data(), key, aead_key_size(suite));
}

/** What a context still knows of the key goes with it. */
AeadKey::~AeadKey() {
  OPENSSL_cleanse(key_.data(), key_.size());
  Slot& slot = slot_of(suite_, id_);
  if (slot.owner == id_) slot = {};
}

void AeadKey::replace(const uint8_t* key) {
  memcpy(key_.data(), key, aead_key_size(suite_));
  Slot& slot = slot_of(suite_, id_);
  if (slot.owner == id_) slot.owner = 0;
}

bool AeadKey::seal(const AeadNonce& nonce, ByteView additional, const uint8_t* text, size_t size,
                   uint8_t* out) {
  EVP_CIPHER_CTX* context = set_up(nonce, true);
  int n = 0;
  return context != nullptr &&
         EVP_EncryptUpdate(context, nullptr, &n, additional.data(),
                           static_cast<int>(additional.size())) == 1 &&
         EVP_EncryptUpdate(context, out, &n, text, static_cast<int>(size)) == 1 &&
         EVP_EncryptFinal_ex(context, out + size, &n) == 1 &&
         EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, kAeadTagSize, out + size) == 1;
}

bool AeadKey::open(const AeadNonce& nonce, ByteView additional, uint8_t* text, size_t size) {
  EVP_CIPHER_CTX* context = set_up(nonce, false);
  int n = 0;
  return context != nullptr &&
         EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, kAeadTagSize, text + size) == 1 &&
         EVP_DecryptUpdate(context, nullptr, &n, additional.data(),
                           static_cast<int>(additional.size())) == 1 &&
         EVP_DecryptUpdate(context, text, &n, text, static_cast<int>(size)) == 1 &&
         EVP_DecryptFinal_ex(context, text + size, &n) == 1;
}

EVP_CIPHER_CTX* AeadKey::set_up(const AeadNonce& nonce, bool sealing) {
  Slot& slot = slot_of(suite_, id_);
  const bool ours = slot.owner == id_;
  const EVP_CIPHER* cipher = nullptr;
  if (!slot.context) {
    slot.context.reset(EVP_CIPHER_CTX_new());
    if (!slot.context) return nullptr;
    cipher = fetched(suite_);
  }
  if (EVP_CipherInit_ex(slot.context.get(), cipher, nullptr, ours ? nullptr : key_.data(),
                        nonce.data(), sealing ? 1 : 0) != 1) {
    slot = {};
    return nullptr;
  }
  slot.owner = id_;
  return slot.context.get();
}

}  // namespace wolfguard
