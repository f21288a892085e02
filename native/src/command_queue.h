// Work for a thread that sleeps in epoll: anyone pushes, the owner takes all at once when the
// event descriptor becomes readable.
#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

#include <mutex>
#include <utility>
#include <vector>

#include "fd.h"

namespace wolfguard {

template <typename Command>
class CommandQueue {
 public:
  CommandQueue() : event_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}

  int event_fd() const { return event_.get(); }

  void push(Command command) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      commands_.push_back(std::move(command));
    }
    const uint64_t one = 1;
    // Fails only when the counter is full: the owner is awake then.
    [[maybe_unused]] ssize_t n = write(event_.get(), &one, sizeof one);
  }

  std::vector<Command> take_all() {
    uint64_t count;
    [[maybe_unused]] ssize_t n = read(event_.get(), &count, sizeof count);
    std::vector<Command> taken;
    const std::lock_guard<std::mutex> lock(mutex_);
    taken.swap(commands_);
    return taken;
  }

 private:
  Fd event_;
  std::mutex mutex_;
  std::vector<Command> commands_;
};

}  // namespace wolfguard
