#include "proxy_header.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <string_view>

namespace wolfguard {

namespace {

using Status = ProxyHeader::Status;

constexpr ProxyHeader kMore{Status::kMore, 0, {}};
constexpr ProxyHeader kBad{Status::kBad, 0, {}};

// ─── version 1 [proxy 2.1] ────────────────────────────────────────────────────────────────────

/** The longest line, CRLF included, that the protocol knows. */
constexpr size_t kMaxLine = 107;
constexpr std::string_view kWord = "PROXY ";

/** Cuts off and gives what stands before the next space, or all. */
std::string_view take_word(std::string_view* line) {
  const size_t end = line->find(' ');
  const std::string_view word = line->substr(0, end);
  line->remove_prefix(end == std::string_view::npos ? line->size() : end + 1);
  return word;
}

bool parse_port(std::string_view text, uint16_t* port) {
  const bool canonical = !text.empty() && text.size() <= 5 && (text[0] != '0' || text == "0");
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *port);
  return canonical && error == std::errc() && end == text.data() + text.size();
}

bool parse_address(std::string_view text, int family, Address* address) {
  char zero_ended[INET6_ADDRSTRLEN];
  if (text.size() >= sizeof zero_ended) return false;
  zero_ended[text.copy(zero_ended, text.size())] = '\0';
  if (family == AF_INET6) return inet_pton(AF_INET6, zero_ended, address->data()) == 1;
  uint8_t ipv4[4];
  if (inet_pton(AF_INET, zero_ended, ipv4) != 1) return false;
  *address = map_ipv4(ipv4);
  return true;
}

/** `line`: without the CRLF. */
ProxyHeader parse_line(std::string_view line, size_t size) {
  line.remove_prefix(kWord.size());
  const std::string_view protocol = take_word(&line);
  if (protocol == "UNKNOWN") return {Status::kDone, size, {}};  // with anything behind it
  if (protocol != "TCP4" && protocol != "TCP6") return kBad;
  const int family = protocol == "TCP4" ? AF_INET : AF_INET6;
  ProxyHeader::Ends ends;
  const bool sound = parse_address(take_word(&line), family, &ends.client.address) &&
                     parse_address(take_word(&line), family, &ends.server.address) &&
                     parse_port(take_word(&line), &ends.client.port) &&
                     parse_port(line, &ends.server.port);
  if (!sound) return kBad;
  return {Status::kDone, size, ends};
}

ProxyHeader parse_v1(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), std::min(size, kMaxLine));
  if (text.substr(0, kWord.size()) != kWord.substr(0, text.size())) return kBad;
  const size_t end = text.find("\r\n");
  if (end == std::string_view::npos) return size < kMaxLine ? kMore : kBad;
  return parse_line(text.substr(0, end), end + 2);
}

// ─── version 2 [proxy 2.2] ────────────────────────────────────────────────────────────────────

constexpr uint8_t kSignature[] = {0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d,
                                  0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a};
/** Signature, version and command, family and transport, length of the rest. */
constexpr size_t kFixedSize = sizeof kSignature + 4;
constexpr uint8_t kLocal = 0x20, kProxy = 0x21;
constexpr uint8_t kTcp4 = 0x11, kTcp6 = 0x21;
/** UNSPEC and UNIX, datagrams: valid, and nothing that a TCP client can be. */
constexpr uint8_t kMaxFamily = 3, kMaxTransport = 2;

/** Source, destination, their ports; TLVs may follow. */
ProxyHeader::Ends parse_ends(const uint8_t* block, size_t address_size) {
  const auto address = [&](const uint8_t* from) {
    if (address_size == 4) return map_ipv4(from);
    Address ipv6;
    memcpy(ipv6.data(), from, ipv6.size());
    return ipv6;
  };
  const uint8_t* ports = block + 2 * address_size;
  return {{address(block), load16(ports)}, {address(block + address_size), load16(ports + 2)}};
}

ProxyHeader parse_v2(const uint8_t* data, size_t size) {
  if (memcmp(data, kSignature, std::min(size, sizeof kSignature)) != 0) return kBad;
  if (size < kFixedSize) return kMore;
  const uint8_t command = data[12], family = data[13];
  const size_t length = load16(data + 14), whole = kFixedSize + length;
  if ((command != kLocal && command != kProxy) || family >> 4 > kMaxFamily ||
      (family & 0xf) > kMaxTransport || whole > kMaxProxyHeader) {
    return kBad;
  }
  const bool tells = command == kProxy && (family == kTcp4 || family == kTcp6);
  const size_t address_size = family == kTcp4 ? 4 : 16;
  if (tells && length < 2 * address_size + 4) return kBad;
  if (size < whole) return kMore;
  if (!tells) return {Status::kDone, whole, {}};
  return {Status::kDone, whole, parse_ends(data + kFixedSize, address_size)};
}

}  // namespace

ProxyHeader parse_proxy_header(ProxyMode mode, const uint8_t* data, size_t size) {
  if (size == 0) return kMore;
  const bool v1 = mode == ProxyMode::kV1 || (mode == ProxyMode::kAny && data[0] == kWord[0]);
  return v1 ? parse_v1(data, size) : parse_v2(data, size);
}

}  // namespace wolfguard
