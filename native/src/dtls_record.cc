#include "dtls_record.h"

namespace wolfguard {

namespace {

constexpr uint16_t kDtls12 = 0xfefd;
/** The one epoch that ever carries application data here: there is no renegotiation. */
constexpr uint64_t kEpoch = 1;
/** 2^48 - 1 is the last number of an epoch [rfc6347 4.1]; stop well before it. */
constexpr uint64_t kLastSequence = (uint64_t{1} << 48) - 1;

/** The additional data: epoch, sequence, type, version, length of the text [rfc5246 6.2.3.3]. */
void make_additional_data(uint64_t epoch_and_sequence, ContentType type, uint16_t version,
                          size_t text_size, uint8_t out[13]) {
  store64(out, epoch_and_sequence);
  out[8] = static_cast<uint8_t>(type);
  store16(out + 9, version);
  store16(out + 11, static_cast<uint16_t>(text_size));
}

}  // namespace

std::optional<DtlsHeader> parse_dtls_header(const uint8_t* datagram, size_t size) {
  if (size < kDtlsHeaderSize) return std::nullopt;
  DtlsHeader header;
  header.type = static_cast<ContentType>(datagram[0]);
  header.version = load16(datagram + 1);
  header.epoch = load16(datagram + 3);
  header.sequence = load64(datagram + 3) & kLastSequence;
  header.length = load16(datagram + 11);
  if (kDtlsHeaderSize + header.length > size) return std::nullopt;
  return header;
}

std::unique_ptr<DtlsKeys> DtlsKeys::create(const DtlsSecrets& secrets) {
  const auto suite = aead_suite_of(secrets.cipher);
  if (!suite) return nullptr;
  return std::unique_ptr<DtlsKeys>(new DtlsKeys(*suite, secrets));
}

DtlsKeys::DtlsKeys(AeadSuite suite, const DtlsSecrets& secrets)
    : read_(suite, secrets.read_key.data()),
      write_(suite, secrets.write_key.data()),
      read_iv_(secrets.read_iv),
      write_iv_(secrets.write_iv),
      next_sequence_(secrets.next_sequence),
      explicit_nonce_size_(suite == AeadSuite::kChaCha20Poly1305 ? 0 : 8) {
  // The client's Finished was number 0 of epoch 1.
  window_.accept(0);
}

size_t DtlsKeys::seal(ContentType type, const uint8_t* text, size_t text_size, uint8_t* out) {
  if (next_sequence_ >= kLastSequence) return 0;
  const uint64_t number = kEpoch << 48 | next_sequence_++;
  uint8_t* body = out + kDtlsHeaderSize;
  out[0] = static_cast<uint8_t>(type);
  store16(out + 1, kDtls12);
  store64(out + 3, number);
  store16(out + 11, static_cast<uint16_t>(explicit_nonce_size_ + text_size + kAeadTagSize));
  if (explicit_nonce_size_ > 0) store64(body, number);

  uint8_t additional[13];
  make_additional_data(number, type, kDtls12, text_size, additional);
  if (!write_.seal(make_nonce(write_iv_, body, number), additional, text, text_size,
                   body + explicit_nonce_size_)) {
    return 0;
  }
  return kDtlsHeaderSize + explicit_nonce_size_ + text_size + kAeadTagSize;
}

std::optional<std::span<uint8_t>> DtlsKeys::open(uint8_t* record, const DtlsHeader& header) {
  const size_t overhead = explicit_nonce_size_ + kAeadTagSize;
  if (header.epoch != kEpoch || header.version != kDtls12 || header.length < overhead ||
      !window_.is_fresh(header.sequence)) {
    return std::nullopt;
  }
  const size_t text_size = header.length - overhead;
  uint8_t* body = record + kDtlsHeaderSize;
  uint8_t* sealed = body + explicit_nonce_size_;
  const uint64_t number = kEpoch << 48 | header.sequence;

  uint8_t additional[13];
  make_additional_data(number, header.type, header.version, text_size, additional);
  if (!read_.open(make_nonce(read_iv_, body, number), additional, sealed, text_size)) {
    return std::nullopt;
  }
  window_.accept(header.sequence);
  return std::span<uint8_t>(sealed, text_size);
}

AeadNonce DtlsKeys::make_nonce(const AeadNonce& iv, const uint8_t* explicit_part,
                               uint64_t epoch_and_sequence) const {
  if (explicit_nonce_size_ == 0) return xor_nonce(iv, epoch_and_sequence);
  AeadNonce nonce = iv;
  memcpy(nonce.data() + 4, explicit_part, 8);
  return nonce;
}

}  // namespace wolfguard
