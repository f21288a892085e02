// A TUN queue that needs no root: one end of a socket pair that keeps message boundaries.
#pragma once

#include <utility>
#include <vector>

#include "bytes.h"
#include "fd.h"

namespace wolfguard {

class FakeTun {
 public:
  FakeTun();

  int engine_fd() const { return engine_.get(); }
  /** All packets that the engine has written since the last time. */
  std::vector<Bytes> read_all();

  /** Both ends, given away: the engine's, then the test's. */
  static std::pair<Fd, Fd> open();

 private:
  Fd engine_, test_;
};

}  // namespace wolfguard
