// epoll with 64-bit tags instead of pointers.
#pragma once

#include <sys/epoll.h>
#include <time.h>

#include <cstdint>

#include "fd.h"

namespace wolfguard {

class Poller {
 public:
  Poller() : epoll_(epoll_create1(EPOLL_CLOEXEC)) {}

  bool add(int fd, uint32_t events, uint64_t tag) {
    return control(EPOLL_CTL_ADD, fd, events, tag);
  }
  bool modify(int fd, uint32_t events, uint64_t tag) {
    return control(EPOLL_CTL_MOD, fd, events, tag);
  }
  /** EPOLLHUP cannot be masked: a descriptor that only hangs must be taken out. */
  void remove(int fd) { epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr); }

  /** From what it is watched for now to what is wanted; 0 = not watched at all. */
  void change(int fd, uint64_t tag, uint32_t* current, uint32_t wanted) {
    if (wanted == *current) return;
    if (wanted == 0) {
      remove(fd);
    } else {
      control(*current == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, wanted, tag);
    }
    *current = wanted;
  }

  /** Number of events; 0 on time-out and on a signal. timeout_ms < 0: for ever. */
  int wait(epoll_event* events, int capacity, int timeout_ms) {
    const int n = epoll_wait(epoll_.get(), events, capacity, timeout_ms);
    return n < 0 ? 0 : n;
  }

 private:
  bool control(int operation, int fd, uint32_t events, uint64_t tag) {
    epoll_event event{};
    event.events = events;
    event.data.u64 = tag;
    return epoll_ctl(epoll_.get(), operation, fd, &event) == 0;
  }

  Fd epoll_;
};

/** Read once a wake-up, never once a packet: the coarse clock's few milliseconds do. */
inline int64_t monotonic_ms() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return static_cast<int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1000000;
}

}  // namespace wolfguard
