// A TLS connection whose records the engine has taken over, and both ends' ways to say something.
#pragma once

#include <string_view>

#include "tls_pair.h"
#include "unit.h"

namespace wolfguard {

inline void append(Bytes* out, const Bytes& more) {
  out->insert(out->end(), more.begin(), more.end());
}

inline ByteView bytes_of(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

inline Bytes sealed(TlsRecords& records, ByteView text) {
  SendBuffer out;
  if (!records.seal(text, &out)) return {};
  return Bytes(out.view().begin(), out.view().end());
}

inline Bytes answer_of(TlsRecords& records) {
  SendBuffer out;
  if (records.has_answer()) records.take_answer(&out);
  return Bytes(out.view().begin(), out.view().end());
}

inline Bytes goodbye_of(TlsRecords& records) {
  SendBuffer out;
  records.seal_goodbye(&out);
  return Bytes(out.view().begin(), out.view().end());
}

/** A pair that has talked before the take-over, so that no number is where it began. */
struct TakenOver : TlsPair {
  template <typename Options>
  explicit TakenOver(const Options& options, uint64_t per_key = OwnRecords::kRecordsPerKey)
      : TlsPair(options) {
    for (int i = 0; i < 3; i++) {
      const Bytes request = client_seal(bytes_of("CONNECT / HTTP/1.1\r\n\r\n"));
      stream().feed(request.data(), request.size());
      uint8_t text[256];
      size_t got = 0;
      while (stream().read(text, sizeof text, &got) == TlsStream::Status::kDone) {
      }
      if (i == 0) continue;  // the two directions differ
      stream().write(text, 10);
      client_open(stream().output());
      stream().take_output();
    }
    own = take_over(per_key);
  }
  std::unique_ptr<OwnRecords> own;
};

/** The client takes what we say and we take what it says. */
inline void check_alive(TakenOver& pair) {
  const Bytes text(100, 42);
  const Opened opened = open_all(*pair.own, pair.client_seal(text));
  CHECK(opened.status == TlsRecords::Status::kAgain);
  CHECK(opened.text == text);
  const auto seen = pair.client_open(sealed(*pair.own, text));
  CHECK(seen.has_value() && *seen == text);
}

}  // namespace wolfguard
