// DTLS 1.2 application records after the handshake, sealed and opened with keys taken out of
// OpenSSL.
//
//   0      1        3       5          11       13          13+E           13+E+n     13+E+n+16
//   | type | version| epoch | sequence | length | nonce (E) | ciphertext … |   tag    |
//
// E is 8 for AES-GCM [rfc5288 3] and 0 for ChaCha20-Poly1305 [rfc7905 2]. Anything that is not a
// record of epoch 1 goes to OpenSSL (dtls_handshake.h).
#pragma once

#include <array>
#include <memory>
#include <optional>

#include "aead.h"
#include "replay_window.h"

namespace wolfguard {

inline constexpr size_t kDtlsHeaderSize = 13;
/** Header, the longer explicit nonce and tag: room that a sealed record needs beside its text. */
inline constexpr size_t kMaxDtlsOverhead = kDtlsHeaderSize + 8 + kAeadTagSize;

enum class ContentType : uint8_t {
  kChangeCipherSpec = 20,
  kAlert = 21,
  kHandshake = 22,
  kApplicationData = 23,
};

struct DtlsHeader {
  ContentType type;
  uint16_t version;
  uint16_t epoch;
  uint64_t sequence;
  size_t length;
};

/** The first record's header; nullopt when the datagram is too short for what it claims. */
std::optional<DtlsHeader> parse_dtls_header(const uint8_t* datagram, size_t size);

/** What a finished handshake leaves: all that the two directions need. */
struct DtlsSecrets {
  const EVP_CIPHER* cipher = nullptr;
  std::array<uint8_t, 32> read_key{}, write_key{};
  std::array<uint8_t, 12> read_iv{}, write_iv{};
  /** First sequence number that OpenSSL has not used in epoch 1. */
  uint64_t next_sequence = 1;
};

class DtlsKeys {
 public:
  /** nullptr when it is a cipher that we do not do. */
  static std::unique_ptr<DtlsKeys> create(const DtlsSecrets& secrets);

  /** Bytes of a record beside its text. */
  size_t overhead() const { return kDtlsHeaderSize + explicit_nonce_size_ + kAeadTagSize; }

  /** Writes a record to `out` (text_size + kMaxDtlsOverhead bytes of room); its size, 0 = failed.
   */
  size_t seal(ContentType type, const uint8_t* text, size_t text_size, uint8_t* out);

  /** To be asked before open(): would it be the latest record that has come? */
  bool is_newest(const DtlsHeader& header) const { return window_.is_newest(header.sequence); }

  /** After open() has failed: a record of that number has come before, or is too old to tell. */
  bool is_replay(const DtlsHeader& header) const {
    return header.epoch == 1 && !window_.is_fresh(header.sequence);
  }

  /** Opens in place. nullopt: forged, replayed or not ours; nothing has changed then. */
  std::optional<std::span<uint8_t>> open(uint8_t* record, const DtlsHeader& header);

 private:
  DtlsKeys(AeadSuite suite, const DtlsSecrets& secrets);
  AeadNonce make_nonce(const AeadNonce& iv, const uint8_t* explicit_part,
                       uint64_t epoch_and_sequence) const;

  AeadKey read_, write_;
  AeadNonce read_iv_, write_iv_;
  uint64_t next_sequence_;
  size_t explicit_nonce_size_;
  ReplayWindow window_;
};

}  // namespace wolfguard
