#include "network_list.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace wolfguard {

bool parse_address(const std::string& text, Address* address) {
  if (inet_pton(AF_INET6, text.c_str(), address->data()) == 1) return true;
  uint8_t ipv4[4];
  if (inet_pton(AF_INET, text.c_str(), ipv4) != 1) return false;
  *address = map_ipv4(ipv4);
  return true;
}

bool NetworkList::add(const std::string& text) {
  const size_t slash = text.find('/');
  Network network;
  if (!parse_address(text.substr(0, slash), &network.base)) return false;
  const bool ipv4 = text.find(':') == std::string::npos;
  const size_t most = ipv4 ? 32 : 128;
  network.bits = most;
  if (slash != std::string::npos) {
    const char *from = text.data() + slash + 1, *to = text.data() + text.size();
    const auto [end, error] = std::from_chars(from, to, network.bits);
    if (error != std::errc() || end != to || network.bits > most) return false;
  }
  network.bits += 128 - most;
  networks_.push_back(network);
  return true;
}

bool NetworkList::contains(const Address& address) const {
  return std::any_of(networks_.begin(), networks_.end(), [&](const Network& network) {
    const size_t whole = network.bits / 8, rest = network.bits % 8;
    if (memcmp(address.data(), network.base.data(), whole) != 0) return false;
    return rest == 0 || (address[whole] ^ network.base[whole]) >> (8 - rest) == 0;
  });
}

}  // namespace wolfguard
