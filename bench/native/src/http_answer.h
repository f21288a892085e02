// Where an HTTP answer ends. Servers of this protocol always send a Content-Length [oc 2.1].
#pragma once

#include <string.h>

#include <cstdlib>
#include <optional>
#include <string>

namespace wolfguard::load {

/** Far more than any login document. */
inline constexpr size_t kMaxAnswer = 256 << 10;

/** Size of the first whole answer in `heard`; nullopt: more must come. `connect`: it answers
 * CONNECT, and frames follow its head. */
inline std::optional<size_t> whole_answer_size(const std::string& heard, bool connect) {
  const size_t blank = heard.find("\r\n\r\n");
  if (blank == std::string::npos) return std::nullopt;
  const size_t head = blank + 4;
  if (connect && heard.rfind("HTTP/1.1 200", 0) == 0) return head;
  static constexpr char kName[] = "\r\ncontent-length:";
  const char* at = strcasestr(heard.c_str(), kName);
  const bool in_head = at != nullptr && static_cast<size_t>(at - heard.c_str()) < blank;
  const size_t body = in_head ? strtoul(at + sizeof kName - 1, nullptr, 10) : 0;
  if (body > kMaxAnswer) return head;
  return heard.size() < head + body ? std::nullopt : std::optional(head + body);
}

}  // namespace wolfguard::load
