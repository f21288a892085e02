// Waits for descriptors, each with a 64-bit tag: epoll for the many, poll for the few that are
// busy.
//
// Whoever is in an epoll is told of every event, also while the thread is awake and knows: the
// kernel calls it for each datagram that comes and for each that has left the device. In poll's
// list is only who sleeps.
#pragma once

#include <poll.h>
#include <sys/epoll.h>
#include <time.h>

#include <cstdint>
#include <vector>

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
  /** To be read, and busy: each costs a little at every wake-up. For ever. */
  void add_busy(int fd, uint64_t tag) {
    if (busy_.empty()) polled_.push_back({epoll_.get(), POLLIN, 0});
    polled_.push_back({fd, POLLIN, 0});
    busy_.push_back(tag);
  }
  /** EPOLLHUP cannot be masked: a descriptor that only hangs must be taken out. */
  void remove(int fd) { epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr); }
  /** Nobody looks at the busy ones any more. */
  void remove_busy() {
    polled_.clear();
    busy_.clear();
  }

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
    if (busy_.empty()) return wait_epoll(events, capacity, timeout_ms);
    if (poll(polled_.data(), polled_.size(), timeout_ms) <= 0) return 0;
    int n = 0;
    for (size_t i = 0; i < busy_.size() && n < capacity; i++) {
      const short ready = polled_[i + 1].revents;
      if (ready == 0) continue;
      events[n].events = static_cast<uint32_t>(ready);
      events[n++].data.u64 = busy_[i];
    }
    if (polled_[0].revents != 0 && n < capacity) n += wait_epoll(events + n, capacity - n, 0);
    return n;
  }

 private:
  int wait_epoll(epoll_event* events, int capacity, int timeout_ms) {
    const int n = epoll_wait(epoll_.get(), events, capacity, timeout_ms);
    return n < 0 ? 0 : n;
  }

  bool control(int operation, int fd, uint32_t events, uint64_t tag) {
    epoll_event event{};
    event.events = events;
    event.data.u64 = tag;
    return epoll_ctl(epoll_.get(), operation, fd, &event) == 0;
  }

  Fd epoll_;
  /** The epoll itself, then the busy ones in the order of their tags. */
  std::vector<pollfd> polled_;
  std::vector<uint64_t> busy_;
};

/** Read once a wake-up, never once a packet: the coarse clock's few milliseconds do. */
inline int64_t monotonic_ms() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return static_cast<int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1000000;
}

/** Less than a second; a signal ends it early. */
inline void rest_ns(int64_t duration) {
  const timespec rest{0, static_cast<long>(duration)};
  nanosleep(&rest, nullptr);
}

}  // namespace wolfguard
