#include "endpoint.h"

#include <arpa/inet.h>
#include <sys/random.h>

#include <algorithm>
#include <cstring>

namespace wolfguard {

Address map_ipv4(const uint8_t bytes[4]) {
  Address address{};
  address[10] = address[11] = 0xff;
  memcpy(address.data() + 12, bytes, 4);
  return address;
}

bool is_mapped_ipv4(const Address& address) {
  static constexpr uint8_t kPrefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  return memcmp(address.data(), kPrefix, sizeof kPrefix) == 0;
}

Address source_of(const Address& address) {
  Address source = address;
  if (!is_mapped_ipv4(source)) std::fill(source.begin() + 8, source.end(), 0);
  return source;
}

std::string format_address(const Address& address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (is_mapped_ipv4(address)) {
    inet_ntop(AF_INET, address.data() + 12, text, sizeof text);
  } else {
    inet_ntop(AF_INET6, address.data(), text, sizeof text);
  }
  return text;
}

Endpoint endpoint_from(const sockaddr_storage& from) {
  Endpoint endpoint;
  if (from.ss_family == AF_INET) {
    sockaddr_in in;
    memcpy(&in, &from, sizeof in);
    endpoint.address = map_ipv4(reinterpret_cast<const uint8_t*>(&in.sin_addr));
    endpoint.port = ntohs(in.sin_port);
  } else if (from.ss_family == AF_INET6) {
    sockaddr_in6 in6;
    memcpy(&in6, &from, sizeof in6);
    memcpy(endpoint.address.data(), &in6.sin6_addr, 16);
    endpoint.port = ntohs(in6.sin6_port);
  }
  return endpoint;
}

socklen_t endpoint_to(const Endpoint& endpoint, int family, sockaddr_storage* to) {
  memset(to, 0, sizeof *to);
  if (family == AF_INET) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(endpoint.port);
    memcpy(&in.sin_addr, endpoint.address.data() + 12, 4);
    memcpy(to, &in, sizeof in);
    return sizeof in;
  }
  sockaddr_in6 in6{};
  in6.sin6_family = AF_INET6;
  in6.sin6_port = htons(endpoint.port);
  memcpy(&in6.sin6_addr, endpoint.address.data(), 16);
  memcpy(to, &in6, sizeof in6);
  return sizeof in6;
}

namespace {

uint64_t random_seed() {
  uint64_t seed = 0x9e3779b97f4a7c15u;
  // A failure leaves the constant: the tables still work, they only lose the secret.
  [[maybe_unused]] ssize_t n = getrandom(&seed, sizeof seed, 0);
  return seed;
}

}  // namespace

uint64_t hash_bytes(const void* data, size_t size) {
  static const uint64_t seed = random_seed();
  const auto* p = static_cast<const uint8_t*>(data);
  uint64_t hash = seed;
  for (; size >= 8; p += 8, size -= 8) {
    uint64_t word;
    memcpy(&word, p, 8);
    hash = (hash ^ word) * 0xff51afd7ed558ccdu;
    hash ^= hash >> 32;
  }
  for (; size > 0; p++, size--) hash = (hash ^ *p) * 0x100000001b3u;
  return hash ^ (hash >> 29);
}

}  // namespace wolfguard
