#include "mss_clamp.h"

#include "checksum.h"

namespace wolfguard::mss_clamp {

namespace {

constexpr uint32_t kIpv4Headers = 20 + 20, kIpv6Headers = 40 + 20;
constexpr size_t kChecksumOffset = 16;
enum OptionKind : uint8_t { kEnd = 0, kNothing = 1, kMaxSegment = 2 };
constexpr size_t kMaxSegmentSize = 4;

/** Where the option's value stands in the TCP header; 0 = none, or an option list that is broken.
 */
size_t find_mss(const uint8_t* tcp, size_t header_size) {
  size_t at = kTcpHeaderSize;
  while (at < header_size && tcp[at] != kEnd) {
    if (tcp[at] == kNothing) {
      at++;
      continue;
    }
    if (at + 1 >= header_size) return 0;
    const size_t length = tcp[at + 1];
    if (length < 2 || at + length > header_size) return 0;
    if (tcp[at] == kMaxSegment) return length == kMaxSegmentSize ? at + 2 : 0;
    at += length;
  }
  return 0;
}

/** The value's contribution to the sum: its bytes change places where words straddle it. */
uint16_t as_word(const uint8_t* value, bool straddled) {
  uint16_t word;
  memcpy(&word, value, sizeof word);
  return straddled ? __builtin_bswap16(word) : word;
}

/** HC' = ~(~HC + ~m + m') [rfc1624 3]. */
void update_checksum(uint8_t* field, uint16_t before, uint16_t after) {
  uint16_t checksum;
  memcpy(&checksum, field, sizeof checksum);
  const uint64_t sum =
      uint64_t{static_cast<uint16_t>(~checksum)} + static_cast<uint16_t>(~before) + after;
  checksum = static_cast<uint16_t>(~checksum_fold(sum));
  memcpy(field, &checksum, sizeof checksum);
}

}  // namespace

void lower(uint8_t* packet, size_t size, size_t tcp_start, uint32_t mtu) {
  const bool ipv4 = packet[0] >> 4 == 4;
  const uint32_t headers = ipv4 ? kIpv4Headers : kIpv6Headers;
  // Of a fragment only the first has a TCP header.
  if (mtu <= headers || (ipv4 && (load16(packet + 6) & 0x1fff) != 0)) return;
  uint8_t* tcp = packet + tcp_start;
  const size_t header_size = (tcp[12] >> 4) * 4u;
  if (tcp_start + header_size > size) return;
  const size_t at = find_mss(tcp, header_size);
  if (at == 0 || load16(tcp + at) <= mtu - headers) return;
  const bool straddled = at % 2 != 0;
  const uint16_t before = as_word(tcp + at, straddled);
  store16(tcp + at, static_cast<uint16_t>(mtu - headers));
  update_checksum(tcp + kChecksumOffset, before, as_word(tcp + at, straddled));
}

}  // namespace wolfguard::mss_clamp
