#include "checksum.h"

#include <netinet/in.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace wolfguard {

namespace {

uint64_t add_tail(const uint8_t* data, size_t size, uint64_t sum) {
  for (; size >= 4; data += 4, size -= 4) {
    uint32_t word;
    memcpy(&word, data, sizeof word);
    sum += word;
  }
  if (size >= 2) {
    uint16_t word;
    memcpy(&word, data, sizeof word);
    sum += word;
    data += 2;
    size -= 2;
  }
  return size > 0 ? sum + *data : sum;
}

#if defined(__x86_64__)

/** Four 32-bit words an addition, each in a 64-bit lane: nothing overflows below 16 GiB. */
__attribute__((target("avx2"))) uint64_t add_avx2(const uint8_t* data, size_t size, uint64_t sum) {
  const __m256i low_words = _mm256_set1_epi64x(0xffffffff);
  __m256i low = _mm256_setzero_si256(), high = low;
  for (; size >= 32; data += 32, size -= 32) {
    const __m256i words = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(data));
    low = _mm256_add_epi64(low, _mm256_and_si256(words, low_words));
    high = _mm256_add_epi64(high, _mm256_srli_epi64(words, 32));
  }
  uint64_t lanes[4];
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(lanes), _mm256_add_epi64(low, high));
  return add_tail(data, size, sum + lanes[0] + lanes[1] + lanes[2] + lanes[3]);
}

bool has_avx2() {
  static const bool has = __builtin_cpu_supports("avx2") != 0;
  return has;
}

#endif

}  // namespace

uint64_t checksum_add(const uint8_t* data, size_t size, uint64_t sum) {
#if defined(__x86_64__)
  if (size >= 64 && has_avx2()) return add_avx2(data, size, sum);
#endif
  return add_tail(data, size, sum);
}

uint64_t checksum_pseudo(const uint8_t* packet, uint8_t protocol, size_t size) {
  const bool ipv4 = packet[0] >> 4 == 4;
  const uint64_t addresses = ipv4 ? checksum_add(packet + 12, 8) : checksum_add(packet + 8, 32);
  return addresses + htons(protocol) + htons(static_cast<uint16_t>(size));
}

void write_ipv4_checksum(uint8_t* packet) {
  packet[10] = packet[11] = 0;
  const auto sum =
      static_cast<uint16_t>(~checksum_fold(checksum_add(packet, (packet[0] & 15) * 4u)));
  memcpy(packet + 10, &sum, sizeof sum);
}

void write_transport_checksum(uint8_t* packet, size_t size, size_t ip_size, uint8_t protocol) {
  uint8_t* transport = packet + ip_size;
  uint8_t* field = transport + transport_checksum_offset(protocol);
  const size_t transport_size = size - ip_size;
  field[0] = field[1] = 0;
  auto sum = static_cast<uint16_t>(~checksum_fold(
      checksum_add(transport, transport_size, checksum_pseudo(packet, protocol, transport_size))));
  // To UDP zero means "no checksum" [rfc768].
  if (sum == 0 && protocol == IPPROTO_UDP) sum = 0xffff;
  memcpy(field, &sum, sizeof sum);
}

}  // namespace wolfguard
