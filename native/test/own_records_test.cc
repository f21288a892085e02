#include "own_records.h"

#include <openssl/err.h>

#include <functional>

#include "random.h"
#include "taken_over.h"
#include "unit.h"

namespace wolfguard {
namespace {

using Status = TlsRecords::Status;

/** Refused, with this alert, and nothing is read any more. */
void check_refused(TakenOver& pair, const Bytes& record, int alert) {
  CHECK(open_all(*pair.own, record).status == Status::kFailed);
  CHECK(open_all(*pair.own, pair.forge(23, bytes_of("more"))).status == Status::kFailed);
  const Bytes goodbye = goodbye_of(*pair.own);
  CHECK(!pair.client_open(goodbye).has_value());
  CHECK_EQUAL(ERR_GET_REASON(ERR_peek_last_error()), SSL_AD_REASON_OFFSET + alert);
  CHECK(goodbye_of(*pair.own).empty());
}

}  // namespace

UNIT_TEST("records of every suite open and are opened after the take-over") {
  for (const TlsSuite& suite : kTlsSuites) {
    TakenOver pair(suite);
    REQUIRE(pair.own != nullptr);
    Random random(1);
    for (size_t size : {1, 15, 16, 17, 1400, 16384}) {
      const Bytes text = random.bytes(size);
      const Opened opened = open_all(*pair.own, pair.client_seal(text));
      CHECK(opened.status == Status::kAgain && opened.text == text);
      const auto seen = pair.client_open(sealed(*pair.own, text));
      CHECK(seen.has_value() && *seen == text);
    }
    CHECK(sealed(*pair.own, Bytes(16385)).empty());
  }
}

UNIT_TEST("three records in a stream cut at every byte give the same text") {
  for (const TlsSuite& suite : {kTlsSuites[0], kTlsSuites[3], kTlsSuites[5]}) {
    TakenOver pair(suite);
    REQUIRE(pair.own != nullptr);
    const size_t size = 3 * pair.client_seal(Bytes(20, 1)).size();
    TakenOver again(suite);
    REQUIRE(again.own != nullptr);
    for (size_t cut = 0; cut <= size; cut++) {
      Bytes stream;
      for (uint8_t i = 0; i < 3; i++) append(&stream, again.client_seal(Bytes(20, i)));
      Opened first = open_all(*again.own, ByteView(stream).first(cut));
      const Opened second = open_all(*again.own, ByteView(stream).subspan(cut));
      append(&first.text, second.text);
      Bytes expected;
      for (uint8_t i = 0; i < 3; i++) append(&expected, Bytes(20, i));
      CHECK(first.status == Status::kAgain && second.status == Status::kAgain);
      CHECK(first.text == expected);
    }
  }
}

UNIT_TEST("records that come byte by byte are put together, the largest too") {
  for (const TlsSuite& suite : {kTlsSuites[0], kTlsSuites[3]}) {
    TakenOver pair(suite);
    REQUIRE(pair.own != nullptr);
    Random random(3);
    const Bytes text = random.bytes(16384);
    const Bytes record = pair.client_seal(text);
    Bytes got;
    for (size_t at = 0; at < record.size(); at++) {
      append(&got, open_all(*pair.own, ByteView(record).subspan(at, 1)).text);
    }
    CHECK(got == text);
  }
}

UNIT_TEST("a connection taken over in the middle of a record loses nothing") {
  for (const TlsSuite& suite : kTlsSuites) {
    for (size_t cut = 0; cut < 60; cut++) {
      TlsPair pair(suite);
      REQUIRE(pair.up());
      Bytes stream = pair.client_seal(bytes_of("CONNECT"));
      append(&stream, pair.client_seal(Bytes(200, 5)));
      const Bytes head(stream.begin(), stream.end() - 100 - static_cast<ptrdiff_t>(cut));
      const Bytes tail(stream.end() - 100 - static_cast<ptrdiff_t>(cut), stream.end());
      pair.stream().feed(head.data(), head.size());
      uint8_t text[64];
      size_t got = 0;
      CHECK(pair.stream().read(text, sizeof text, &got) == TlsStream::Status::kDone);
      CHECK_EQUAL(got, size_t{7});
      CHECK(pair.stream().read(text, sizeof text, &got) == TlsStream::Status::kAgain);
      const auto own = pair.take_over();
      REQUIRE(own != nullptr);
      CHECK(open_all(*own, tail).text == Bytes(200, 5));
    }
  }
}

UNIT_TEST("a handshake whose bytes come one by one is taken over as any other") {
  for (const TlsSuite& suite : kTlsSuites) {
    TlsPair pair(TlsPairOptions{suite.tls13, suite.name, 0, 1});
    REQUIRE(pair.up());
    const auto own = pair.take_over();
    REQUIRE(own != nullptr);
    CHECK(open_all(*own, pair.client_seal(Bytes(9, 9))).text == Bytes(9, 9));
    const auto seen = pair.client_open(sealed(*own, Bytes(9, 9)));
    CHECK(seen.has_value() && *seen == Bytes(9, 9));
  }
}

UNIT_TEST("a close_notify ends reading and is answered with one") {
  for (const TlsSuite& suite : kTlsSuites) {
    TakenOver pair(suite);
    REQUIRE(pair.own != nullptr);
    Bytes stream = pair.client_seal(Bytes(3, 3));
    SSL_shutdown(pair.client());
    append(&stream, pair.client_output());
    const Opened opened = open_all(*pair.own, stream);
    CHECK(opened.status == Status::kClosed);
    CHECK(opened.text == Bytes(3, 3));
    CHECK(open_all(*pair.own, Bytes(100, 1)).status == Status::kClosed);
    pair.client_open(goodbye_of(*pair.own));
    CHECK_EQUAL(SSL_get_shutdown(pair.client()), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  }
}

UNIT_TEST("padding of TLS 1.3 is taken off, up to the longest record [rfc8446 5.4]") {
  TakenOver pair(kTlsSuites[0]);
  REQUIRE(pair.own != nullptr);
  for (size_t padding : {1, 100, 16284}) {
    CHECK(open_all(*pair.own, pair.forge(23, Bytes(100, 1), 23, padding)).text == Bytes(100, 1));
  }
  const Bytes zeros(20);
  CHECK(open_all(*pair.own, pair.forge(23, zeros, 23, 20)).text == zeros);
  CHECK(open_all(*pair.own, pair.forge(23, {}, 23, 0)).status == Status::kAgain);
  check_refused(pair, pair.forge(23, {}, 0, 30), SSL_AD_UNEXPECTED_MESSAGE);
}

UNIT_TEST("a record with any byte changed is refused as forged") {
  for (const TlsSuite& suite : kTlsSuites) {
    TakenOver first(suite);
    REQUIRE(first.own != nullptr);
    const size_t size = first.forge(23, Bytes(4, 1)).size();
    for (size_t at = 0; at < size; at++) {
      TakenOver pair(suite);
      REQUIRE(pair.own != nullptr);
      Bytes record = pair.forge(23, Bytes(4, 1));
      record[at] ^= 1;
      if (at == 3) continue;  // now it is 256 bytes longer: not whole
      const Opened opened = open_all(*pair.own, record);
      CHECK(opened.text.empty());
      CHECK(opened.status == Status::kFailed || (at == 4 && opened.status == Status::kAgain));
    }
  }
}

UNIT_TEST("a record said twice, left out or out of order is refused") {
  for (const TlsSuite& suite : kTlsSuites) {
    for (int kind = 0; kind < 3; kind++) {
      TakenOver pair(suite);
      REQUIRE(pair.own != nullptr);
      const Bytes one = pair.forge(23, Bytes(4, 1)), two = pair.forge(23, Bytes(4, 2));
      Bytes stream = kind == 0 ? one : two;
      if (kind == 0) append(&stream, one);
      if (kind == 2) append(&stream, one);
      CHECK(open_all(*pair.own, stream).status == Status::kFailed);
    }
  }
}

UNIT_TEST("types, lengths and messages against the protocol end the connection with their alert") {
  const Bytes update = {24, 0, 0, 1, 2}, two_updates = {24, 0, 0, 1, 0, 24, 0, 0, 1, 0};
  const Bytes hello_request = {0, 0, 0, 0};
  struct Case {
    bool tls13;
    int alert;
    std::function<Bytes(TakenOver&)> record;
  };
  const Case cases[] = {
      {true, SSL_AD_UNEXPECTED_MESSAGE, [&](auto& p) { return p.forge(22, Bytes(4, 1)); }},
      {true, SSL_AD_UNEXPECTED_MESSAGE, [&](auto&) { return Bytes{20, 3, 3, 0, 1, 1}; }},
      {true, SSL_AD_UNEXPECTED_MESSAGE, [&](auto& p) { return p.forge(23, Bytes(4, 1), 25); }},
      {true, SSL_AD_UNEXPECTED_MESSAGE, [&](auto& p) { return p.forge(23, hello_request, 22); }},
      {true, SSL_AD_UNEXPECTED_MESSAGE, [&](auto& p) { return p.forge(23, two_updates, 22); }},
      {true, SSL_AD_UNEXPECTED_MESSAGE, [&](auto& p) { return p.forge(23, {}, 22); }},
      {true, SSL_AD_ILLEGAL_PARAMETER, [&](auto& p) { return p.forge(23, update, 22); }},
      {true, SSL_AD_DECODE_ERROR, [&](auto& p) { return p.forge(23, Bytes(3, 1), 21); }},
      {true, SSL_AD_RECORD_OVERFLOW,
       [&](auto&) {
         return Bytes{23, 3, 3, 0x41, 1};
       }},
      {true, SSL_AD_RECORD_OVERFLOW, [&](auto& p) { return p.forge(23, Bytes(16385, 1)); }},
      {true, SSL_AD_DECODE_ERROR,
       [&](auto&) {
         return Bytes{23, 3, 3, 0, 16};
       }},
      {false, SSL_AD_UNEXPECTED_MESSAGE, [&](auto& p) { return p.forge(22, hello_request); }},
      {false, SSL_AD_UNEXPECTED_MESSAGE, [&](auto& p) { return p.forge(20, Bytes(1, 1)); }},
      {false, SSL_AD_PROTOCOL_VERSION,
       [&](auto&) {
         return Bytes{23, 3, 1, 0, 40};
       }},
      {false, SSL_AD_RECORD_OVERFLOW,
       [&](auto&) {
         return Bytes{23, 3, 3, 0x48, 1};
       }},
      {false, SSL_AD_RECORD_OVERFLOW, [&](auto& p) { return p.forge(23, Bytes(16385, 1)); }},
      {false, SSL_AD_DECODE_ERROR,
       [&](auto&) {
         return Bytes{23, 3, 3, 0, 15};
       }},
      {false, SSL_AD_BAD_RECORD_MAC, [&](auto&) { return Bytes(100, 23); }},
  };
  for (const Case& one : cases) {
    for (const TlsSuite& suite : kTlsSuites) {
      if (suite.tls13 != one.tls13) continue;
      TakenOver pair(suite);
      REQUIRE(pair.own != nullptr);
      Bytes record = one.record(pair);
      // A header of 23s is a wrong version; what is asked for here is a wrong tag.
      if (one.alert == SSL_AD_BAD_RECORD_MAC) {
        record[1] = record[2] = 3;
        store16(&record[3], 95);
      }
      check_refused(pair, record, one.alert);
    }
  }
}

UNIT_TEST("warnings of TLS 1.2 and user_canceled are no end, other alerts of TLS 1.3 are") {
  const Bytes no_renegotiation = {1, 100}, user_canceled = {1, 90}, fatal = {2, 40};
  for (const TlsSuite& suite : kTlsSuites) {
    TakenOver pair(suite);
    REQUIRE(pair.own != nullptr);
    const auto alert = [&](const Bytes& text) {
      return open_all(*pair.own, suite.tls13 ? pair.forge(23, text, 21) : pair.forge(21, text))
          .status;
    };
    CHECK(alert(user_canceled) == Status::kAgain);
    if (!suite.tls13) CHECK(alert(no_renegotiation) == Status::kAgain);
    CHECK(alert(suite.tls13 ? no_renegotiation : fatal) == Status::kFailed);
    CHECK(goodbye_of(*pair.own).empty());
  }
}

UNIT_TEST("records without data are borne for a while, not without end") {
  for (const TlsSuite& suite : kTlsSuites) {
    TakenOver pair(suite);
    REQUIRE(pair.own != nullptr);
    for (int i = 0; i < 100; i++) {
      CHECK(open_all(*pair.own, pair.forge(23, {})).status == Status::kAgain);
      if (i % 30 == 0) CHECK(open_all(*pair.own, pair.forge(23, Bytes(1, 1))).text.size() == 1);
    }
    int borne = 0;
    while (open_all(*pair.own, pair.forge(23, {})).status == Status::kAgain) borne++;
    CHECK(borne < 40);
  }
}

UNIT_TEST("a direction whose numbers are used up seals and opens nothing more") {
  for (const bool tls13 : {true, false}) {
    TlsSecrets secrets;
    secrets.tls13 = tls13;
    secrets.digest = EVP_sha384();
    secrets.read.sequence = secrets.write.sequence = UINT64_MAX - 1;
    OwnRecords ours(secrets, {}, UINT64_MAX), theirs(secrets, {}, UINT64_MAX);
    const Bytes last = sealed(ours, Bytes(1, 1));
    CHECK(open_all(theirs, last).text == Bytes(1, 1));
    CHECK(sealed(ours, Bytes(1, 1)).empty());
    CHECK(open_all(theirs, last).status == Status::kFailed);
  }
}

UNIT_TEST("random bytes never open, whatever they pretend to be") {
  Random random(5);
  for (int round = 0; round < 2000; round++) {
    TlsSecrets secrets;
    secrets.tls13 = random.one_in(2);
    secrets.suite = static_cast<AeadSuite>(random.below(3));
    secrets.digest = EVP_sha256();
    OwnRecords records(secrets, {});
    for (int i = 0; i < 4; i++) {
      Bytes bytes = random.bytes(random.below(200));
      if (bytes.size() > 5 && !random.one_in(4)) {
        bytes[0] = 23;
        bytes[1] = bytes[2] = 3;
        store16(&bytes[3], static_cast<uint16_t>(random.below(bytes.size())));
      }
      CHECK(open_all(records, bytes).text.empty());
    }
  }
}

}  // namespace wolfguard
