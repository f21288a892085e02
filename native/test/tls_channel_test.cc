#include "tls_channel.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fd.h"
#include "random.h"
#include "tls_pair.h"
#include "unit.h"

namespace wolfguard {
namespace {

/** A channel over a socket that takes a few tens of KiB, and the client at the other end. */
struct Line : TlsPair {
  explicit Line(const TlsPairOptions& options = {}) : TlsPair(options) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0) abort();
    ours = Fd(ends[0]);
    theirs = Fd(ends[1]);
    const int size = 32 << 10;
    setsockopt(ours.get(), SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    channel = TlsChannel::take_over(release_stream(), ours.get());
  }

  /** All frames that have come to the client; a frame's text tells its number. */
  Bytes receive() {
    Bytes all;
    for (;;) {
      Bytes bytes(1 << 16);
      const ssize_t n = read(theirs.get(), bytes.data(), bytes.size());
      if (n <= 0) return all;
      const auto text = client_open(ByteView(bytes).first(static_cast<size_t>(n)));
      CHECK(text.has_value());
      if (text) all.insert(all.end(), text->begin(), text->end());
    }
  }

  /** Until nothing more comes. */
  Bytes receive_all() {
    Bytes all;
    for (Bytes part = receive(); !part.empty() || channel->has_output(); part = receive()) {
      all.insert(all.end(), part.begin(), part.end());
      if (!channel->flush()) break;
    }
    return all;
  }

  Fd ours, theirs;
  std::unique_ptr<TlsChannel> channel;
};

constexpr size_t kFrameSize = 1400;

/** Its number, and what of it the test can check. */
Bytes numbered(uint32_t number) {
  Bytes frame(kFrameSize, static_cast<uint8_t>(number));
  store32(frame.data(), number);
  return frame;
}

std::vector<uint32_t> numbers_in(const Bytes& text) {
  std::vector<uint32_t> numbers;
  for (size_t at = 0; at + kFrameSize <= text.size(); at += kFrameSize) {
    numbers.push_back(load32(&text[at]));
    const Bytes frame(text.begin() + static_cast<ptrdiff_t>(at),
                      text.begin() + static_cast<ptrdiff_t>(at + kFrameSize));
    CHECK(frame == numbered(numbers.back()));
  }
  CHECK_EQUAL(text.size() % kFrameSize, size_t{0});
  return numbers;
}

constexpr uint32_t kControl = 1u << 31;

}  // namespace

UNIT_TEST("a long text and frames behind it reach the client whole") {
  Random random(1);
  for (const char* suite : {"TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"}) {
    Line line(TlsPairOptions{true, suite});
    const Bytes answer = random.bytes(40000);
    CHECK(line.channel->send_text(answer));
    CHECK_EQUAL(line.channel->send_data(Bytes(10, 7)), size_t{0});
    CHECK(line.channel->flush());
    Bytes expected = answer;
    expected.insert(expected.end(), 10, 7);
    CHECK(line.receive_all() == expected);
    CHECK(!line.channel->has_output());
  }
}

UNIT_TEST("a client that has stopped gets the newest data in order, and every control frame") {
  for (const bool own : {true, false}) {
    Line line(own ? TlsPairOptions{} : TlsPairOptions{false, "ECDHE-ECDSA-AES256-SHA"});
    size_t dropped = 0;
    uint32_t sent = 0, controls = 0;
    for (; sent < 2000; sent++) {
      dropped += line.channel->send_data(numbered(sent));
      if (sent % 100 == 0) line.channel->send_control(numbered(kControl + controls++));
      if (sent % 40 == 0) CHECK(line.channel->flush());
    }
    CHECK(line.channel->full());
    CHECK(dropped > 1000);
    const std::vector<uint32_t> numbers = numbers_in(line.receive_all());
    CHECK(!line.channel->has_output());
    uint32_t data_seen = 0, next_data = 0, next_control = kControl;
    for (const uint32_t number : numbers) {
      if (number >= kControl) {
        CHECK_EQUAL(number, next_control++);
      } else {
        CHECK(number >= next_data);
        next_data = number + 1;
        data_seen++;
      }
    }
    CHECK_EQUAL(next_control - kControl, controls);
    CHECK_EQUAL(next_data, sent);
    CHECK_EQUAL(data_seen + dropped, size_t{sent});
  }
}

UNIT_TEST("a client that asks without reading is not heard any more, until it reads") {
  Line line;
  int frames = 0;
  while (!line.channel->overwhelmed() && frames < 1000) {
    line.channel->send_control(numbered(static_cast<uint32_t>(frames++)));
    if (frames % 10 == 0) CHECK(line.channel->flush());
  }
  CHECK(frames < 400);
  CHECK_EQUAL(numbers_in(line.receive_all()).size(), static_cast<size_t>(frames));
  CHECK(!line.channel->overwhelmed());
}

UNIT_TEST("KeyUpdates that a silent client wants answered do not pile up") {
  Line line;
  for (uint32_t i = 0; i < 500; i++) line.channel->send_data(numbered(i));
  CHECK(line.channel->flush());
  for (int i = 0; i < 1000; i++) {
    SSL_key_update(line.client(), SSL_KEY_UPDATE_REQUESTED);
    CHECK(open_all(line.channel->records(), line.client_seal(Bytes(1, 1))).text.size() == 1);
    CHECK(line.channel->flush());
  }
  // What lies in the socket and one batch, each record with its overhead, and one answer.
  Bytes raw;
  for (;;) {
    Bytes bytes(1 << 16);
    const ssize_t n = read(line.theirs.get(), bytes.data(), bytes.size());
    if (n <= 0 && !line.channel->has_output()) break;
    if (n > 0) raw.insert(raw.end(), bytes.begin(), bytes.begin() + n);
    CHECK(line.channel->flush());
  }
  CHECK(raw.size() < 500 * (kFrameSize + 22) + 2 * 27);
  CHECK(line.client_open(raw).has_value());
}

UNIT_TEST("the last word comes behind what was sealed, and data that waited is dropped") {
  Line line;
  for (uint32_t i = 0; i < 300; i++) line.channel->send_data(numbered(i));
  CHECK(line.channel->full());
  line.channel->send_control(numbered(kControl));
  line.channel->shut_down();
  const std::vector<uint32_t> numbers = numbers_in(line.receive_all());
  CHECK(numbers.size() < 300);
  CHECK(!numbers.empty() && numbers.back() == kControl);
  CHECK_EQUAL(SSL_get_shutdown(line.client()), SSL_RECEIVED_SHUTDOWN);
}

UNIT_TEST("a socket that is gone is told by the next flush") {
  Line line;
  line.theirs.reset();
  line.channel->send_data(numbered(1));
  CHECK(!line.channel->flush());
  for (uint32_t i = 0; i < 1000; i++) line.channel->send_data(numbered(i));
  CHECK(!line.channel->flush());
}

UNIT_TEST("what OpenSSL had still to send goes first") {
  TlsPair pair;
  REQUIRE(pair.up());
  pair.stream().write(reinterpret_cast<const uint8_t*>("HTTP/1.1 200"), 12);
  int ends[2];
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
  const Fd ours(ends[0]), theirs(ends[1]);
  const auto channel = TlsChannel::take_over(pair.release_stream(), ours.get());
  channel->send_data(Bytes(3, '!'));
  CHECK(channel->flush());
  Bytes bytes(1000);
  const ssize_t n = read(theirs.get(), bytes.data(), bytes.size());
  REQUIRE(n > 0);
  const auto text = pair.client_open(ByteView(bytes).first(static_cast<size_t>(n)));
  REQUIRE(text.has_value());
  CHECK(std::string(text->begin(), text->end()) == "HTTP/1.1 200!!!");
}

}  // namespace wolfguard
