#include "aead.h"

#include <memory>

#include "random.h"
#include "unit.h"

namespace wolfguard {
namespace {

constexpr AeadSuite kSuites[] = {AeadSuite::kAes128Gcm, AeadSuite::kAes256Gcm,
                                 AeadSuite::kChaCha20Poly1305};
const Bytes kAdditional = {1, 2, 3};

Bytes seal(AeadKey& key, const AeadNonce& nonce, const Bytes& text) {
  Bytes out(text.size() + kAeadTagSize);
  if (!key.seal(nonce, kAdditional, text.data(), text.size(), out.data())) return {};
  return out;
}

bool opens(AeadKey& key, const AeadNonce& nonce, Bytes sealed, const Bytes& text) {
  const size_t size = sealed.size() - kAeadTagSize;
  if (!key.open(nonce, kAdditional, sealed.data(), size)) return false;
  sealed.resize(size);
  return sealed == text;
}

}  // namespace

UNIT_TEST("thousands of keys share their contexts and are never taken for one another") {
  Random random(1);
  for (const AeadSuite suite : kSuites) {
    std::vector<std::unique_ptr<AeadKey>> sealing, opening;
    for (int i = 0; i < 700; i++) {
      const Bytes key = random.bytes(kMaxAeadKeySize);
      sealing.push_back(std::make_unique<AeadKey>(suite, key.data()));
      opening.push_back(std::make_unique<AeadKey>(suite, key.data()));
    }
    const Bytes text = random.bytes(50);
    for (int round = 0; round < 3000; round++) {
      const size_t i = random.below(sealing.size()), j = random.below(sealing.size());
      AeadNonce nonce{};
      store64(nonce.data(), random.next());
      const Bytes sealed = seal(*sealing[i], nonce, text);
      CHECK(opens(*opening[i], nonce, sealed, text));
      if (i != j) CHECK(!opens(*opening[j], nonce, sealed, text));
    }
    // Freed in any order while others live.
    for (size_t i = 0; i < sealing.size(); i += 2) sealing[i].reset();
    for (size_t i = 1; i < sealing.size(); i += 2) {
      CHECK(opens(*opening[i], {}, seal(*sealing[i], {}, text), text));
    }
  }
}

UNIT_TEST("a key that is replaced seals with the new one at once") {
  for (const AeadSuite suite : kSuites) {
    const Bytes first(kMaxAeadKeySize, 1), second(kMaxAeadKeySize, 2), text(20, 3);
    AeadKey key(suite, first.data()), old(suite, first.data()), next(suite, second.data());
    CHECK(opens(old, {}, seal(key, {}, text), text));
    key.replace(second.data());
    const Bytes sealed = seal(key, {}, text);
    CHECK(!opens(old, {}, sealed, text));
    CHECK(opens(next, {}, sealed, text));
  }
}

UNIT_TEST("AES-256-GCM gives the tag of its specification's test case 14") {
  const Bytes zeros(kMaxAeadKeySize);
  AeadKey key(AeadSuite::kAes256Gcm, zeros.data());
  Bytes out(16 + kAeadTagSize);
  REQUIRE(key.seal({}, {}, zeros.data(), 16, out.data()));
  CHECK(out == Bytes({0xce, 0xa7, 0x40, 0x3d, 0x4d, 0x60, 0x6b, 0x6e, 0x07, 0x4e, 0xc5,
                      0xd3, 0xba, 0xf3, 0x9d, 0x18, 0xd0, 0xd1, 0xc8, 0xa7, 0x99, 0x99,
                      0x6b, 0xf0, 0x26, 0x5b, 0x98, 0xb5, 0xd4, 0x8a, 0xb9, 0x19}));
}

UNIT_TEST("what is no AEAD of ours is told apart") {
  CHECK(aead_suite_of(EVP_aes_128_gcm()) == AeadSuite::kAes128Gcm);
  CHECK(aead_suite_of(EVP_aes_256_gcm()) == AeadSuite::kAes256Gcm);
  CHECK(aead_suite_of(EVP_chacha20_poly1305()) == AeadSuite::kChaCha20Poly1305);
  CHECK(!aead_suite_of(EVP_aes_256_cbc()).has_value());
  CHECK(!aead_suite_of(nullptr).has_value());
}

}  // namespace wolfguard
