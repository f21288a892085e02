#include "tls_stream.h"

#include <sys/socket.h>
#include <unistd.h>

#include "fd.h"
#include "random.h"
#include "tls_client.h"
#include "unit.h"

namespace wolfguard {
namespace {

/** A server's stream and a client, joined by a socket pair on the way down. */
struct Joined {
  explicit Joined(int version) : context(make_server_context()), client(version) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) != 0) abort();
    ours = Fd(ends[0]);
    theirs = Fd(ends[1]);
    stream = TlsStream::create(context.get());
    for (int round = 0; round < 4; round++) {
      client.handshake();
      const Bytes flight = client.take_output();
      stream->feed(flight.data(), flight.size());
      done = stream->handshake() == TlsStream::Status::kDone;
      pump_down();
    }
  }

  void pump_down() {
    stream->flush(ours.get());
    for (;;) {
      Bytes bytes(65536);
      const ssize_t n = read(theirs.get(), bytes.data(), bytes.size());
      if (n <= 0) return;
      bytes.resize(static_cast<size_t>(n));
      client.receive(bytes);
      stream->flush(ours.get());
    }
  }

  /** Everything that the bytes hold, fed in pieces of that size. */
  TlsStream::Status read_up(const Bytes& bytes, size_t piece, Bytes* out) {
    for (size_t at = 0; at < bytes.size(); at += piece) {
      Bytes part(bytes.begin() + static_cast<ptrdiff_t>(at),
                 bytes.begin() + static_cast<ptrdiff_t>(std::min(at + piece, bytes.size())));
      part.shrink_to_fit();
      stream->feed(part.data(), part.size());
      for (;;) {
        uint8_t text[16384];
        size_t got = 0;
        const TlsStream::Status status = stream->read(text, sizeof text, &got);
        if (status == TlsStream::Status::kAgain) break;
        if (status != TlsStream::Status::kDone) return status;
        out->insert(out->end(), text, text + got);
      }
    }
    return TlsStream::Status::kAgain;
  }

  SslContext context;
  TlsClient client;
  Fd ours, theirs;
  std::unique_ptr<TlsStream> stream;
  bool done = false;
};

}  // namespace

UNIT_TEST("a TLS stream carries text both ways, however the records are cut") {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    Joined joined(version);
    REQUIRE(joined.done);
    Random random(1);
    for (const size_t piece : {1, 5, 100, 16389, 1 << 20}) {
      const Bytes text = random.bytes(50'000);
      joined.client.send(text);
      Bytes received;
      CHECK(joined.read_up(joined.client.take_output(), piece, &received) ==
            TlsStream::Status::kAgain);
      CHECK(received == text);
      for (size_t at = 0; at < text.size(); at += 10'000) {
        CHECK(joined.stream->write(text.data() + at, 10'000));
      }
      joined.pump_down();
      CHECK_EQUAL(joined.stream->pending_output(), size_t{0});
      CHECK(joined.client.read() == text);
    }
  }
}

UNIT_TEST("a record with any byte changed breaks the TLS stream") {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    for (size_t at = 0; at < 5 + 16; at++) {
      Joined joined(version);
      joined.client.send(Bytes(64, 1));
      Bytes record = joined.client.take_output();
      record[at] ^= 0x40;
      record.resize(record.size() + 16384 + 512);  // a longer length finds its bytes
      Bytes received;
      CHECK(joined.read_up(record, record.size(), &received) == TlsStream::Status::kFailed);
      CHECK(received.empty());
    }
  }
}

UNIT_TEST("a client that changes its keys is answered, and both go on") {
  Joined joined(TLS1_3_VERSION);
  REQUIRE(joined.done);
  Bytes received;
  for (int i = 0; i < 20; i++) {
    CHECK(joined.client.update_keys());
    joined.client.send(Bytes{1});
    const Bytes request = joined.client.take_output();
    CHECK(joined.read_up(request, request.size(), &received) == TlsStream::Status::kAgain);
    const uint8_t text = 2;
    CHECK(joined.stream->write(&text, 1));
    joined.pump_down();
    CHECK(joined.client.read() == Bytes{2});
  }
  CHECK(received == Bytes(20, 1));
}

UNIT_TEST("what a slow peer does not take waits in the TLS stream and leaves in order") {
  Joined joined(TLS1_3_VERSION);
  const Bytes text(16'000, 7);
  while (joined.stream->pending_output() == 0) {
    CHECK(joined.stream->write(text.data(), text.size()));
    CHECK(joined.stream->flush(joined.ours.get()));
  }
  for (int i = 0; i < 10; i++) CHECK(joined.stream->write(text.data(), text.size()));
  CHECK(joined.stream->pending_output() > 160'000);
  joined.pump_down();
  CHECK_EQUAL(joined.stream->pending_output(), size_t{0});
  const Bytes received = joined.client.read();
  CHECK(received.size() % text.size() == 0 && received.size() > 160'000);
  CHECK(received == Bytes(received.size(), 7));
  joined.theirs.reset();
  joined.stream->write(text.data(), text.size());
  CHECK(!joined.stream->flush(joined.ours.get()));
}

}  // namespace wolfguard
