#include "acl_program.h"

#include <bit>
#include <cstring>

namespace wolfguard {

namespace {

constexpr uint32_t kMagic = 0x31434157;
/** More than any policy needs; what a program takes is bounded by these. */
constexpr uint32_t kMostRanges = 1 << 20, kMostClasses = 0xffff, kMostMatches = 1 << 20;

/** Little-endian numbers; the sizes have been compared before anything is read. */
class Reader {
 public:
  explicit Reader(ByteView bytes) : at_(bytes.data()) {}

  template <typename T>
  T next() {
    T value;
    memcpy(&value, at_, sizeof value);
    at_ += sizeof value;
    return value;
  }
  unsigned __int128 next_address() {
    unsigned __int128 value = 0;
    for (int i = 0; i < 16; i++) value = value << 8 | *at_++;
    return value;
  }

 private:
  const uint8_t* at_;
};

/** From address 0 on, each behind the one before. */
template <typename T>
bool ascends(const std::vector<T>& first) {
  if (first.empty() || first[0] != 0) return false;
  for (size_t i = 1; i < first.size(); i++) {
    if (first[i] <= first[i - 1]) return false;
  }
  return true;
}

/** The last range that begins at `key` or before; without a branch that could be guessed wrong. */
template <typename T>
size_t find_range(const std::vector<T>& first, T key) {
  const T* base = first.data();
  for (size_t left = first.size(); left > 1;) {
    const size_t half = left / 2;
    base = base[half] <= key ? base + half : base;
    left -= half;
  }
  return static_cast<size_t>(base - first.data());
}

}  // namespace

std::shared_ptr<const AclProgram> AclProgram::parse(ByteView bytes) {
  static_assert(std::endian::native == std::endian::little);
  if (bytes.size() < 20) return nullptr;
  Reader reader(bytes);
  if (reader.next<uint32_t>() != kMagic) return nullptr;
  const uint64_t ranges4 = reader.next<uint32_t>(), ranges6 = reader.next<uint32_t>();
  const uint64_t classes = reader.next<uint32_t>(), matches = reader.next<uint32_t>();
  if (ranges4 > kMostRanges || ranges6 > kMostRanges || classes > kMostClasses ||
      matches > kMostMatches ||
      bytes.size() != 20 + ranges4 * 6 + ranges6 * 18 + classes * 8 + matches * 6) {
    return nullptr;
  }
  auto program = std::make_shared<AclProgram>();
  const auto read_class = [&]() { return reader.next<uint16_t>(); };
  program->first4_.resize(ranges4);
  program->class4_.resize(ranges4);
  program->first6_.resize(ranges6);
  program->class6_.resize(ranges6);
  for (uint32_t& first : program->first4_) first = reader.next<uint32_t>();
  for (uint16_t& number : program->class4_) number = read_class();
  for (Wide& first : program->first6_) first = reader.next_address();
  for (uint16_t& number : program->class6_) number = read_class();
  if (!ascends(program->first4_) || !ascends(program->first6_)) return nullptr;
  for (const auto* numbers : {&program->class4_, &program->class6_}) {
    for (const uint16_t number : *numbers) {
      if (number >= classes) return nullptr;
    }
  }
  for (uint64_t i = 0; i < classes; i++) {
    Class content{reader.next<uint32_t>(), reader.next<uint16_t>(), false};
    content.otherwise = reader.next<uint8_t>() == 1;
    reader.next<uint8_t>();
    if (uint64_t{content.first_match} + content.matches > matches) return nullptr;
    program->classes_.push_back(content);
  }
  for (uint64_t i = 0; i < matches; i++) {
    Match match{reader.next<uint8_t>(), false, false, 0, 0};
    const uint8_t flags = reader.next<uint8_t>();
    match.allowed = (flags & 1) != 0;
    match.whole_protocol = (flags & 2) != 0;
    match.low = reader.next<uint16_t>();
    match.high = reader.next<uint16_t>();
    program->matches_.push_back(match);
  }
  return program;
}

const AclProgram::Class& AclProgram::class_of(const Address& address, bool ipv4) const {
  if (ipv4) return classes_[class4_[find_range(first4_, load32(address.data() + 12))]];
  const Wide key = Wide{load64(address.data())} << 64 | load64(address.data() + 8);
  return classes_[class6_[find_range(first6_, key)]];
}

bool AclProgram::allows(const AclFacts& facts) const {
  const Class& content = class_of(facts.destination, facts.ipv4);
  const Match* match = matches_.data() + content.first_match;
  for (const Match* end = match + content.matches; match != end; match++) {
    if (match->protocol != facts.protocol) continue;
    if (match->whole_protocol) return match->allowed;
    // What shows no port might have any: a rule with ports denies it, and does not allow it.
    const bool in_range = facts.port >= match->low && facts.port <= match->high;
    if (facts.has_port ? in_range : !match->allowed) return match->allowed;
  }
  return content.otherwise;
}

}  // namespace wolfguard
