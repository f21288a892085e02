#include "openssl_records.h"

#include "tls_pair.h"
#include "unit.h"

namespace wolfguard {
namespace {

void append(Bytes* out, const Bytes& more) { out->insert(out->end(), more.begin(), more.end()); }

Bytes sealed(TlsRecords& records, ByteView text) {
  SendBuffer out;
  if (!records.seal(text, &out)) return {};
  return Bytes(out.view().begin(), out.view().end());
}

}  // namespace

UNIT_TEST("what is not ours to do stays with OpenSSL: CBC, small records, keys updated before") {
  TlsPair cbc(TlsPairOptions{false, "ECDHE-ECDSA-AES256-SHA"});
  REQUIRE(cbc.up());
  CHECK(cbc.take_over() == nullptr);
  TlsPair small(TlsPairOptions{true, kTlsSuites[0].name, 1});
  REQUIRE(small.up());
  CHECK(small.take_over() == nullptr);
  TlsPair updated(kTlsSuites[0]);
  REQUIRE(updated.up());
  SSL_key_update(updated.client(), SSL_KEY_UPDATE_NOT_REQUESTED);
  const Bytes record = updated.client_seal(Bytes(10, 1));
  updated.stream().feed(record.data(), record.size());
  uint8_t text[64];
  size_t got = 0;
  CHECK(updated.stream().read(text, sizeof text, &got) == TlsStream::Status::kDone);
  CHECK(updated.stream().read(text, sizeof text, &got) == TlsStream::Status::kAgain);
  CHECK(updated.take_over() == nullptr);
}

UNIT_TEST("OpenSSL's records give the same texts, in place, at every cut") {
  TlsPair pair(TlsPairOptions{false, "ECDHE-ECDSA-AES256-SHA"});
  REQUIRE(pair.up());
  OpensslRecords records(pair.release_stream());
  for (size_t cut = 0, size = 1; cut <= size; cut++) {
    Bytes bytes = pair.client_seal(Bytes(33, 1));
    append(&bytes, pair.client_seal(Bytes(33, 2)));
    size = bytes.size();
    Opened first = open_all(records, ByteView(bytes).first(cut));
    append(&first.text, open_all(records, ByteView(bytes).subspan(cut)).text);
    Bytes expected(33, 1);
    append(&expected, Bytes(33, 2));
    CHECK(first.text == expected);
    const auto seen = pair.client_open(sealed(records, Bytes(33, 3)));
    CHECK(seen.has_value() && *seen == Bytes(33, 3));
  }
}

}  // namespace wolfguard
