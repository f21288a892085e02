#include "fuzz_proxy_header.h"

#include <algorithm>
#include <memory>
#include <string>

#include "fuzz_packets.h"
#include "mutate.h"
#include "proxy_header.h"
#include "samples.h"

namespace wolfguard::fuzz {

namespace {

using Status = ProxyHeader::Status;

Bytes any_line(Random& random) {
  const bool ipv4 = random.one_in(2);
  const auto address = [&] {
    const std::string last = std::to_string(random.below(256));
    return ipv4 ? "192.0.2." + last : "2001:db8::" + last;
  };
  std::string line = random.one_in(4) ? "PROXY UNKNOWN" : ipv4 ? "PROXY TCP4 " : "PROXY TCP6 ";
  line += address() + " " + address() + " " + std::to_string(random.below(65536)) + " " +
          std::to_string(random.below(65536)) + "\r\n";
  return Bytes(line.begin(), line.end());
}

Bytes any_binary(Random& random) {
  constexpr uint8_t kFamilies[] = {0x00, 0x11, 0x11, 0x21, 0x21, 0x12, 0x31};
  Bytes header = samples::from_hex("0d0a0d0a000d0a515549540a");
  header.push_back(random.one_in(4) ? 0x20 : 0x21);
  header.push_back(kFamilies[random.below(sizeof kFamilies)]);
  const size_t size = random.below(random.one_in(8) ? 5000 : 60);
  header.push_back(static_cast<uint8_t>(size >> 8));
  header.push_back(static_cast<uint8_t>(size));
  const Bytes rest = random.bytes(size);
  header.insert(header.end(), rest.begin(), rest.end());
  return header;
}

Bytes any_header(Random& random) {
  Bytes header = random.one_in(2) ? any_line(random) : any_binary(random);
  const Bytes behind = random.bytes(random.below(64));
  header.insert(header.end(), behind.begin(), behind.end());
  return header;
}

/** In memory of exactly that size: a byte too far is seen. */
ProxyHeader parse(ProxyMode mode, const Bytes& bytes, size_t size) {
  const auto exact = std::make_unique<uint8_t[]>(size);
  std::copy_n(bytes.begin(), size, exact.get());
  return parse_proxy_header(mode, exact.get(), size);
}

}  // namespace

int fuzz_proxy_header(Random& random) {
  const auto mode = static_cast<ProxyMode>(1 + random.below(3));
  const Bytes bytes = mutate(random, any_header(random), any_header(random));
  const ProxyHeader whole = parse(mode, bytes, bytes.size());
  if (whole.status == Status::kDone) {
    require(whole.size > 0 && whole.size <= std::min(bytes.size(), kMaxProxyHeader),
            "a PROXY header of a wrong size");
  }
  // However it is cut, a part is waited for or means what the whole means.
  const size_t cut = random.below(bytes.size() + 1);
  const ProxyHeader part = parse(mode, bytes, cut);
  if (part.status == Status::kMore) {
    require(cut < kMaxProxyHeader, "a PROXY header without end");
    require(whole.status != Status::kDone || whole.size > cut,
            "a whole PROXY header is waited for");
  } else {
    require(part.status == whole.status && part.size == whole.size,
            "a part of a PROXY header means something else");
  }
  return 1;
}

}  // namespace wolfguard::fuzz
