// Records of TLS 1.3 and of TLS 1.2's AEAD suites with keys taken out of OpenSSL.
//
//   0      1        3        5          5+E            5+E+n     5+E+n+16
//   | type | version | length | nonce (E) | ciphertext … |   tag    |
//
// TLS 1.3: E = 0, the type is always 23 and the true one stands behind the text [rfc8446 5.2].
// TLS 1.2: E = 8 for AES-GCM [rfc5288 3] and 0 for ChaCha20-Poly1305 [rfc7905 2].
#pragma once

#include <memory>

#include "tls_records.h"
#include "tls_secrets.h"

namespace wolfguard {

class OwnRecords final : public TlsRecords {
 public:
  /**
   * AES-GCM wears out after 2^24.5 full records [rfc8446 5.5]; a third of that costs a handful of
   * hashes every 11 GB of usual packets.
   */
  static constexpr uint64_t kRecordsPerKey = uint64_t{1} << 23;

  /** `partial`: the beginning of a record that has been received already. */
  OwnRecords(const TlsSecrets& secrets, Bytes partial, uint64_t records_per_key = kRecordsPerKey);
  ~OwnRecords() override;

  void feed(uint8_t* data, size_t size) override;
  Status read(std::span<uint8_t>* text) override;
  bool seal(ByteView text, SendBuffer* out) override;
  bool has_answer() const override { return alert_ != 0 || owes_update_ || asks_update_; }
  void take_answer(SendBuffer* out) override;
  void renew_keys() override { asks_update_ = tls13_; }
  void seal_goodbye(SendBuffer* out) override;

 private:
  enum class Type : uint8_t { kChangeCipherSpec = 20, kAlert, kHandshake, kApplicationData };
  struct Direction {
    Direction(const TlsSecrets& secrets, const TlsDirection& keys);
    AeadKey key;
    AeadNonce iv;
    uint64_t sequence;
    /** TLS 1.3: the traffic secret. */
    std::array<uint8_t, kMaxTlsSecretSize> secret;
  };

  size_t explicit_nonce_size() const;
  AeadNonce make_nonce(const Direction& direction, const uint8_t* explicit_part) const;
  /** Opens the whole record at `record`; false: fail() has been called. */
  bool open(uint8_t* record, size_t length, Type* type, std::span<uint8_t>* text);
  bool check_header(const uint8_t* record, size_t length);
  Status on_alert(std::span<const uint8_t> text);
  bool on_handshake(std::span<const uint8_t> text);
  bool advance(Direction* direction);
  Status fail(uint8_t alert);
  bool seal_as(Type type, ByteView text, SendBuffer* out);
  bool seal_update(SendBuffer* out);

  Direction read_, write_;
  const EVP_MD* digest_;
  const uint64_t records_per_key_;
  const bool tls13_;
  /** Nothing is read any more. */
  bool ended_ = false;
  /** The client wants to see a KeyUpdate of ours [rfc8446 4.6.3]. */
  bool owes_update_ = false;
  /** We want to see one of the client's, with the next of ours; we wait for it. */
  bool asks_update_ = false, awaits_update_ = false;
  /** A fatal alert that has still to be sent; 0 = none. */
  uint8_t alert_ = 0;
  bool fatal_ = false;
  /** Records in a row that carried no data, but for those that we have asked for. */
  uint8_t without_data_ = 0;
  /** The beginning of a record whose rest has not come. */
  Bytes partial_;
  uint8_t* input_ = nullptr;
  size_t input_size_ = 0;
};

}  // namespace wolfguard
