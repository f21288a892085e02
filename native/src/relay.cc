#include "relay.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace wolfguard {

namespace {

constexpr size_t kMaxRecordText = 16384;

}  // namespace

Fd Relay::open() {
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) != 0) return {};
  end_ = Fd(pair[0]);
  return Fd(pair[1]);
}

void Relay::send() {
  size_t sent = 0;
  while (!script_deaf_ && sent < waiting_.size()) {
    const ssize_t n =
        ::send(end_.get(), waiting_.data() + sent, waiting_.size() - sent, MSG_NOSIGNAL);
    if (n < 0 && errno == EAGAIN) break;
    // JavaScript has closed its end: what the peer still sends is nobody's.
    script_deaf_ = n < 0;
    if (n > 0) sent += static_cast<size_t>(n);
  }
  passed_bytes_ += sent;
  if (script_deaf_) sent = waiting_.size();
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<ptrdiff_t>(sent));
}

void Relay::end_when_sent() {
  if (waiting_.empty()) shutdown(end_.get(), SHUT_WR);
}

bool Relay::read(TlsStream& tls, int socket, Bytes& buffer, bool all) {
  while (!script_ended_ && (all || tls.pending_output() == 0)) {
    const ssize_t n = ::read(end_.get(), buffer.data(), buffer.size());
    if (n < 0 && errno == EAGAIN) break;
    if (n <= 0) {
      script_ended_ = true;
      break;
    }
    for (size_t at = 0; at < static_cast<size_t>(n);) {
      const size_t size = std::min(static_cast<size_t>(n) - at, kMaxRecordText);
      if (!tls.write(buffer.data() + at, size)) return false;
      at += size;
    }
    if (!tls.flush(socket)) return false;
  }
  return true;
}

}  // namespace wolfguard
