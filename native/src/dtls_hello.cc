#include "dtls_hello.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "dtls_record.h"

namespace wolfguard {

namespace {

constexpr size_t kHandshakeHeaderSize = 12;
constexpr size_t kHelloStart = kDtlsHeaderSize + kHandshakeHeaderSize;
constexpr uint8_t kClientHello = 1, kHelloVerifyRequest = 3;
constexpr uint16_t kDtls10 = 0xfeff;
/** Carries the App-ID for clients that cannot set the session id [oc 8.2]. */
constexpr uint16_t kAppIdExtension = 48018;

/** Reads forward and never past the end: after a short read everything else is empty too. */
class Reader {
 public:
  explicit Reader(ByteView data) : rest_(data) {}

  ByteView take(size_t size) {
    if (size > rest_.size()) {
      failed_ = true;
      rest_ = {};
      return {};
    }
    const ByteView taken = rest_.first(size);
    rest_ = rest_.subspan(size);
    return taken;
  }
  ByteView take_with_length8() { return take(number(1)); }
  ByteView take_with_length16() { return take(number(2)); }
  size_t number(size_t bytes) {
    size_t value = 0;
    for (const uint8_t byte : take(bytes)) value = value << 8 | byte;
    return value;
  }
  bool failed() const { return failed_; }
  bool at_end() const { return rest_.empty(); }

 private:
  ByteView rest_;
  bool failed_ = false;
};

/** The payload of the App-ID extension: one length byte and the id; empty when there is none. */
ByteView find_app_id_extension(ByteView extensions) {
  Reader reader(extensions);
  while (!reader.at_end() && !reader.failed()) {
    const size_t type = reader.number(2);
    Reader body(reader.take_with_length16());
    if (type == kAppIdExtension) return body.take_with_length8();
  }
  return {};
}

}  // namespace

bool is_client_hello(const uint8_t* datagram, size_t size) {
  return size > kHelloStart && datagram[0] == static_cast<uint8_t>(ContentType::kHandshake) &&
         load16(datagram + 3) == 0 && datagram[kDtlsHeaderSize] == kClientHello;
}

std::optional<ClientHello> parse_client_hello(const uint8_t* datagram, size_t size) {
  const auto record = parse_dtls_header(datagram, size);
  if (!record || !is_client_hello(datagram, size)) return std::nullopt;
  Reader message(ByteView(datagram + kDtlsHeaderSize, record->length));
  message.take(1);
  const size_t length = message.number(3);
  message.take(2);  // message sequence
  const size_t fragment_offset = message.number(3);
  const size_t fragment_length = message.number(3);
  if (fragment_offset != 0 || fragment_length != length) return std::nullopt;

  Reader hello(message.take(length));
  hello.take(2);  // version
  const ByteView random = hello.take(32);
  ByteView id = hello.take_with_length8();
  const ByteView cookie = hello.take_with_length8();
  hello.take_with_length16();  // cipher suites
  hello.take_with_length8();   // compression methods
  if (message.failed() || hello.failed()) return std::nullopt;
  if (!hello.at_end()) {
    const ByteView extension = find_app_id_extension(hello.take_with_length16());
    if (!extension.empty()) id = extension;
  }
  ClientHello result;
  if (id.size() != result.app_id.size()) return std::nullopt;
  memcpy(result.random.data(), random.data(), random.size());
  memcpy(result.app_id.data(), id.data(), id.size());
  result.cookie = cookie;
  return result;
}

std::array<uint8_t, kHelloVerifyRequestSize> make_hello_verify_request(const HelloCookie& cookie) {
  std::array<uint8_t, kHelloVerifyRequestSize> out{};
  constexpr size_t kBody = 2 + 1 + 32;
  out[0] = static_cast<uint8_t>(ContentType::kHandshake);
  store16(&out[1], kDtls10);  // the version that every client takes here [rfc6347 4.2.1]
  store16(&out[11], kHandshakeHeaderSize + kBody);
  uint8_t* message = &out[kDtlsHeaderSize];
  message[0] = kHelloVerifyRequest;
  message[3] = message[11] = kBody;  // length and fragment length; sequence and offset stay 0
  uint8_t* body = message + kHandshakeHeaderSize;
  store16(body, kDtls10);
  body[2] = static_cast<uint8_t>(cookie.size());
  memcpy(body + 3, cookie.data(), cookie.size());
  return out;
}

HelloCookies::HelloCookies() {
  if (RAND_bytes(secret_.data(), static_cast<int>(secret_.size())) != 1) abort();
}

HelloCookie HelloCookies::make(const Endpoint& client) const {
  uint8_t input[18];
  memcpy(input, client.address.data(), 16);
  store16(input + 16, client.port);
  HelloCookie cookie;
  unsigned int size = cookie.size();
  HMAC(EVP_sha256(), secret_.data(), static_cast<int>(secret_.size()), input, sizeof input,
       cookie.data(), &size);
  return cookie;
}

bool HelloCookies::verify(const Endpoint& client, ByteView cookie) const {
  const HelloCookie expected = make(client);
  return cookie.size() == expected.size() &&
         CRYPTO_memcmp(cookie.data(), expected.data(), expected.size()) == 0;
}

}  // namespace wolfguard
