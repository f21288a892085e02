#include "listeners.h"

#include <sys/socket.h>

#include <cerrno>

namespace wolfguard {

namespace {

constexpr int64_t kPauseMs = 100;

}  // namespace

void Listeners::watch(Poller& poller, uint64_t first_tag, uint64_t tag_step) {
  poller_ = &poller;
  first_tag_ = first_tag;
  tag_step_ = tag_step;
  resume();
}

void Listeners::sweep(int64_t now) {
  if (paused() && now >= paused_until_) resume();
}

Fd Listeners::accept_one(size_t listener, Endpoint* peer) {
  sockaddr_storage from{};
  socklen_t size = sizeof from;
  Fd socket(accept4(fds_[listener], reinterpret_cast<sockaddr*>(&from), &size,
                    SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (socket) *peer = endpoint_from(from);
  return socket;
}

/** After accept failed; begins the pause. */
bool Listeners::is_exhausted(int64_t now) {
  if (errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM) return false;
  if (!paused()) {
    for (const int fd : fds_) poller_->remove(fd);
  }
  paused_until_ = now + kPauseMs;
  return true;
}

void Listeners::resume() {
  paused_until_ = 0;
  for (size_t i = 0; i < fds_.size(); i++) {
    poller_->add(fds_[i], EPOLLIN, first_tag_ + i * tag_step_);
  }
}

}  // namespace wolfguard
