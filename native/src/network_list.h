// Networks as text, and which addresses they hold.
#pragma once

#include <string>
#include <vector>

#include "endpoint.h"

namespace wolfguard {

class NetworkList {
 public:
  /** "10.0.0.0/8", "2001:db8::/32", or an address alone; false when it is none of these. */
  bool add(const std::string& text);
  bool contains(const Address& address) const;

 private:
  struct Network {
    Address base;
    /** Of the 128 bits; an IPv4 network lies behind the 96 of ::ffff:0:0. */
    size_t bits;
  };
  std::vector<Network> networks_;
};

/** An address as text; false when it is none. */
bool parse_address(const std::string& text, Address* address);

}  // namespace wolfguard
