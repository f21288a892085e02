// New keys in the middle of a TLS 1.3 connection, whoever wants them [rfc8446 4.6.3].
#include "taken_over.h"

namespace wolfguard {

using Status = TlsRecords::Status;

UNIT_TEST("a client's KeyUpdate is followed, and answered when it asks for one [rfc8446 4.6.3]") {
  for (const TlsSuite& suite : {kTlsSuites[0], kTlsSuites[1], kTlsSuites[2]}) {
    TakenOver pair(suite);
    REQUIRE(pair.own != nullptr);
    for (int round = 0; round < 50; round++) {
      const bool asks = round % 2 == 0;
      SSL_key_update(pair.client(), asks ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED);
      CHECK(open_all(*pair.own, pair.client_seal(Bytes(5, 5))).text == Bytes(5, 5));
      CHECK_EQUAL(pair.own->has_answer(), asks);
      if (round % 4 == 0) {
        CHECK(pair.client_open(answer_of(*pair.own)) == Bytes());
      }
      check_alive(pair);  // else the answer goes in front of the next record
      CHECK(!pair.own->has_answer());
    }
  }
}

UNIT_TEST("several wishes for a KeyUpdate are answered once") {
  TakenOver pair(kTlsSuites[0]);
  REQUIRE(pair.own != nullptr);
  Bytes all;
  for (int i = 0; i < 5; i++) {
    SSL_key_update(pair.client(), SSL_KEY_UPDATE_REQUESTED);
    append(&all, pair.client_seal(Bytes(1, 1)));
  }
  CHECK_EQUAL(open_all(*pair.own, all).text.size(), size_t{5});
  CHECK_EQUAL(answer_of(*pair.own).size(), kTlsHeaderSize + 5 + 1 + kAeadTagSize);
  CHECK(!pair.own->has_answer());
}

UNIT_TEST("we change our keys when we are told to, and the client its own because we ask it") {
  for (const TlsSuite& suite : {kTlsSuites[0], kTlsSuites[1], kTlsSuites[2]}) {
    TakenOver pair(suite);
    REQUIRE(pair.own != nullptr);
    for (int round = 0; round < 300; round++) {
      pair.own->renew_keys();
      CHECK(pair.own->has_answer());
      pair.own->renew_keys();  // once is enough
      if (round % 2 == 0) CHECK(pair.client_open(answer_of(*pair.own)) == Bytes());
      check_alive(pair);  // else the KeyUpdate goes in front of the next record
      CHECK(!pair.own->has_answer());
    }
  }
}

UNIT_TEST("a tunnel that carries nothing but KeyUpdates which we asked for lives on") {
  TakenOver pair(kTlsSuites[0]);
  REQUIRE(pair.own != nullptr);
  for (int round = 0; round < 200; round++) {
    pair.own->renew_keys();
    CHECK(pair.client_open(answer_of(*pair.own)) == Bytes());
    SSL_do_handshake(pair.client());
    const Opened opened = open_all(*pair.own, pair.client_output());
    CHECK(opened.status == Status::kAgain && opened.text.empty());
  }
  check_alive(pair);
}

UNIT_TEST("two wishes that cross each other are both fulfilled") {
  TakenOver pair(kTlsSuites[0]);
  REQUIRE(pair.own != nullptr);
  for (int round = 0; round < 50; round++) {
    SSL_key_update(pair.client(), SSL_KEY_UPDATE_REQUESTED);
    const Bytes theirs = pair.client_seal(Bytes(1, 1));
    pair.own->renew_keys();
    const Bytes ours = answer_of(*pair.own);
    CHECK(open_all(*pair.own, theirs).text == Bytes(1, 1));
    CHECK(pair.client_open(ours) == Bytes());
    check_alive(pair);
  }
}

UNIT_TEST("TLS 1.2 has no KeyUpdate to send") {
  TakenOver pair(kTlsSuites[3]);
  REQUIRE(pair.own != nullptr);
  pair.own->renew_keys();
  CHECK(!pair.own->has_answer());
  check_alive(pair);
}

UNIT_TEST("the client is asked for new keys when it has used its own for their number of records") {
  TakenOver pair(kTlsSuites[0], 100);
  REQUIRE(pair.own != nullptr);
  int asked = 0;
  for (int i = 0; i < 1000; i++) {
    open_all(*pair.own, pair.client_seal(Bytes(1, 1)));
    if (!pair.own->has_answer()) continue;
    asked++;
    CHECK(pair.client_open(answer_of(*pair.own)) == Bytes());
  }
  CHECK(asked >= 9 && asked <= 11);
  check_alive(pair);
}

UNIT_TEST("our keys change after their number of records, and the client follows") {
  for (const TlsSuite& suite : {kTlsSuites[0], kTlsSuites[2]}) {
    TakenOver pair(suite, 10);
    REQUIRE(pair.own != nullptr);
    for (int i = 0; i < 100; i++) check_alive(pair);
  }
}

}  // namespace wolfguard
