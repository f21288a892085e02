// Owner of a file descriptor.
#pragma once

#include <unistd.h>

#include <utility>

namespace wolfguard {

/** Closes its descriptor when it goes; move-only. -1 = holds none. */
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(other.release()) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) reset(other.release());
    return *this;
  }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() { reset(); }

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  explicit operator bool() const { return valid(); }

  /** Gives the descriptor away; the caller closes it. */
  [[nodiscard]] int release() { return std::exchange(fd_, -1); }

  /** Closes the old descriptor, which a failing close(2) on Linux does as well. */
  void reset(int fd = -1) {
    const int old = std::exchange(fd_, fd);
    if (old >= 0) ::close(old);
  }

 private:
  int fd_ = -1;
};

}  // namespace wolfguard
