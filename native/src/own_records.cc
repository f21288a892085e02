#include "own_records.h"

#include <openssl/crypto.h>

namespace wolfguard {

namespace {

constexpr uint16_t kTls12 = 0x0303;  // TLS 1.3 writes it too [rfc8446 5.1]
constexpr uint8_t kWarning = 1, kFatal = 2;
constexpr uint8_t kCloseNotify = 0, kUnexpectedMessage = 10, kBadRecordMac = 20,
                  kRecordOverflow = 22, kIllegalParameter = 47, kDecodeError = 50,
                  kProtocolVersion = 70, kInternalError = 80, kUserCanceled = 90;
constexpr uint8_t kKeyUpdate = 24;
constexpr size_t kKeyUpdateSize = 5;
/** TLS 1.3 allows a type, padding and tag beyond the text, TLS 1.2 a nonce and tag. */
constexpr size_t kMaxExpansion13 = 256, kMaxExpansion12 = 2048;
/** Nobody sends so many by accident; each KeyUpdate costs us three hashes. */
constexpr uint8_t kMaxWithoutData = 32;
constexpr uint64_t kLastSequence = UINT64_MAX;

}  // namespace

OwnRecords::Direction::Direction(const TlsSecrets& secrets, const TlsDirection& keys)
    : key(secrets.suite, keys.key.data()),
      iv(keys.iv),
      sequence(keys.sequence),
      secret(keys.secret) {}

OwnRecords::OwnRecords(const TlsSecrets& secrets, Bytes partial, uint64_t records_per_key)
    : read_(secrets, secrets.read),
      write_(secrets, secrets.write),
      digest_(secrets.digest),
      records_per_key_(records_per_key),
      tls13_(secrets.tls13),
      partial_(std::move(partial)) {}

OwnRecords::~OwnRecords() {
  for (Direction* direction : {&read_, &write_}) {
    OPENSSL_cleanse(direction->secret.data(), direction->secret.size());
    OPENSSL_cleanse(direction->iv.data(), direction->iv.size());
  }
}

// ─── opening ──────────────────────────────────────────────────────────────────────────────────

void OwnRecords::feed(uint8_t* data, size_t size) {
  if (!partial_.empty()) {
    data -= partial_.size();
    size += partial_.size();
    memcpy(data, partial_.data(), partial_.size());
    Bytes().swap(partial_);
  }
  input_ = data;
  input_size_ = size;
}

TlsRecords::Status OwnRecords::read(std::span<uint8_t>* text) {
  if (ended_) return fatal_ ? Status::kFailed : Status::kClosed;
  while (input_size_ >= kTlsHeaderSize) {
    uint8_t* record = input_;
    const size_t length = load16(record + 3);
    if (!check_header(record, length)) return Status::kFailed;
    if (input_size_ < kTlsHeaderSize + length) break;
    input_ += kTlsHeaderSize + length;
    input_size_ -= kTlsHeaderSize + length;
    Type type{};
    if (!open(record, length, &type, text)) return Status::kFailed;
    if (type == Type::kApplicationData && !text->empty()) {
      without_data_ = 0;
      return Status::kText;
    }
    if (type == Type::kHandshake && awaits_update_) {
      awaits_update_ = false;
    } else if (++without_data_ > kMaxWithoutData) {
      return fail(kUnexpectedMessage);
    }
    if (type == Type::kAlert) {
      const Status status = on_alert(*text);
      if (status != Status::kAgain) return status;
    } else if (type == Type::kHandshake) {
      if (!on_handshake(*text)) return Status::kFailed;
    } else if (type != Type::kApplicationData) {
      return fail(kUnexpectedMessage);
    }
  }
  if (input_size_ > 0) partial_.assign(input_, input_ + input_size_);
  input_size_ = 0;
  return Status::kAgain;
}

bool OwnRecords::check_header(const uint8_t* record, size_t length) {
  const size_t overhead = explicit_nonce_size() + kAeadTagSize + (tls13_ ? 1 : 0);
  uint8_t alert = 0;
  if (tls13_ && record[0] != static_cast<uint8_t>(Type::kApplicationData)) {
    alert = kUnexpectedMessage;
  } else if (!tls13_ && load16(record + 1) != kTls12) {
    alert = kProtocolVersion;
  } else if (length > kMaxTlsText + (tls13_ ? kMaxExpansion13 : kMaxExpansion12)) {
    alert = kRecordOverflow;
  } else if (length < overhead) {
    alert = kDecodeError;
  }
  if (alert != 0) fail(alert);
  return alert == 0;
}

bool OwnRecords::open(uint8_t* record, size_t length, Type* type, std::span<uint8_t>* text) {
  const size_t nonce_size = explicit_nonce_size();
  uint8_t* body = record + kTlsHeaderSize + nonce_size;
  size_t size = length - nonce_size - kAeadTagSize;
  const AeadNonce nonce = make_nonce(read_, record + kTlsHeaderSize);
  uint8_t additional[13];
  size_t additional_size = kTlsHeaderSize;
  if (tls13_) {
    memcpy(additional, record, kTlsHeaderSize);
  } else {
    store64(additional, read_.sequence);
    memcpy(additional + 8, record, 3);
    store16(additional + 11, static_cast<uint16_t>(size));
    additional_size = sizeof additional;
  }
  if (read_.sequence == kLastSequence) return fail(kInternalError), false;
  if (!read_.key.open(nonce, {additional, additional_size}, body, size)) {
    return fail(kBadRecordMac), false;
  }
  // The client may know no limit of its own.
  if (++read_.sequence == records_per_key_) renew_keys();
  *type = static_cast<Type>(record[0]);
  if (tls13_) {
    while (size > 0 && body[size - 1] == 0) size--;  // padding [rfc8446 5.4]
    if (size == 0) return fail(kUnexpectedMessage), false;
    *type = static_cast<Type>(body[--size]);
  }
  if (size > kMaxTlsText) return fail(kRecordOverflow), false;
  *text = {body, size};
  return true;
}

TlsRecords::Status OwnRecords::on_alert(std::span<const uint8_t> text) {
  if (text.size() != 2) return fail(kDecodeError);
  if (text[1] == kCloseNotify) {
    ended_ = true;
    return Status::kClosed;
  }
  // TLS 1.3 knows but one alert that is no end [rfc8446 6]; TLS 1.2 calls them warnings.
  if (text[1] == kUserCanceled || (!tls13_ && text[0] == kWarning)) return Status::kAgain;
  ended_ = fatal_ = true;  // it is told nothing: it has closed
  return Status::kFailed;
}

/** A KeyUpdate, alone in its record because the keys change behind it [rfc8446 5.1]. */
bool OwnRecords::on_handshake(std::span<const uint8_t> text) {
  static constexpr uint8_t kHeader[4] = {kKeyUpdate, 0, 0, 1};
  if (!tls13_ || text.size() != kKeyUpdateSize || memcmp(text.data(), kHeader, 4) != 0) {
    return fail(kUnexpectedMessage), false;
  }
  if (text[4] > 1) return fail(kIllegalParameter), false;
  if (!advance(&read_)) return fail(kInternalError), false;
  owes_update_ = owes_update_ || text[4] == 1;
  return true;
}

TlsRecords::Status OwnRecords::fail(uint8_t alert) {
  ended_ = fatal_ = true;
  alert_ = alert;
  return Status::kFailed;
}

// ─── sealing ──────────────────────────────────────────────────────────────────────────────────

bool OwnRecords::seal(ByteView text, SendBuffer* out) {
  const bool due = owes_update_ || asks_update_ || write_.sequence >= records_per_key_;
  if (tls13_ && due && !seal_update(out)) {
    return false;
  }
  return seal_as(Type::kApplicationData, text, out);
}

void OwnRecords::take_answer(SendBuffer* out) {
  if ((owes_update_ || asks_update_) && !fatal_) seal_update(out);
  if (alert_ == 0) return;
  const uint8_t text[2] = {kFatal, alert_};
  alert_ = 0;
  seal_as(Type::kAlert, text, out);
}

void OwnRecords::seal_goodbye(SendBuffer* out) {
  if (fatal_) {
    take_answer(out);
    return;
  }
  const uint8_t text[2] = {kWarning, kCloseNotify};
  seal_as(Type::kAlert, text, out);
}

/** Several wishes for one are answered once [rfc8446 4.6.3], by ours if we have one ourselves. */
bool OwnRecords::seal_update(SendBuffer* out) {
  const uint8_t message[kKeyUpdateSize] = {kKeyUpdate, 0, 0, 1, asks_update_};
  awaits_update_ = awaits_update_ || asks_update_;
  owes_update_ = asks_update_ = false;
  return seal_as(Type::kHandshake, message, out) && advance(&write_);
}

/** The text is copied first and sealed in place: TLS 1.3 wants its type right behind it. */
bool OwnRecords::seal_as(Type type, ByteView text, SendBuffer* out) {
  if (text.size() > kMaxTlsText || write_.sequence == kLastSequence) return false;
  const size_t nonce_size = explicit_nonce_size();
  const size_t inner = text.size() + (tls13_ ? 1 : 0);
  const size_t length = nonce_size + inner + kAeadTagSize;
  uint8_t* record = out->room(kTlsHeaderSize + length);
  uint8_t* body = record + kTlsHeaderSize + nonce_size;
  record[0] = static_cast<uint8_t>(tls13_ ? Type::kApplicationData : type);
  store16(record + 1, kTls12);
  store16(record + 3, static_cast<uint16_t>(length));
  // OpenSSL's own explicit nonces began at a random number: that one of ours meets one of the few
  // it used is as likely as guessing 64 bits.
  if (nonce_size > 0) store64(record + kTlsHeaderSize, write_.sequence);
  memcpy(body, text.data(), text.size());
  if (tls13_) body[text.size()] = static_cast<uint8_t>(type);

  uint8_t additional[13];
  size_t additional_size = kTlsHeaderSize;
  if (tls13_) {
    memcpy(additional, record, kTlsHeaderSize);
  } else {
    store64(additional, write_.sequence);
    memcpy(additional + 8, record, 3);
    store16(additional + 11, static_cast<uint16_t>(text.size()));
    additional_size = sizeof additional;
  }
  const AeadNonce nonce = make_nonce(write_, record + kTlsHeaderSize);
  if (!write_.key.seal(nonce, {additional, additional_size}, body, inner, body)) return false;
  write_.sequence++;
  out->commit(kTlsHeaderSize + length);
  return true;
}

// ─── both ─────────────────────────────────────────────────────────────────────────────────────

bool OwnRecords::advance(Direction* direction) {
  TlsDirection next;
  next.secret = direction->secret;
  const bool advanced = advance_traffic_key(digest_, direction->key.suite(), &next);
  if (advanced) {
    direction->secret = next.secret;
    direction->iv = next.iv;
    direction->sequence = 0;
    direction->key.replace(next.key.data());
  }
  OPENSSL_cleanse(&next, sizeof next);
  return advanced;
}

size_t OwnRecords::explicit_nonce_size() const {
  return tls13_ || read_.key.suite() == AeadSuite::kChaCha20Poly1305 ? 0 : 8;
}

AeadNonce OwnRecords::make_nonce(const Direction& direction, const uint8_t* explicit_part) const {
  if (explicit_nonce_size() == 0) return xor_nonce(direction.iv, direction.sequence);
  AeadNonce nonce = direction.iv;
  memcpy(nonce.data() + 4, explicit_part, 8);
  return nonce;
}

}  // namespace wolfguard
