// Writes a seccomp-bpf filter rule by rule, and installs it.
#pragma once

#include <linux/filter.h>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <vector>

#include "os_error.h"

namespace wolfguard {

/** Rules are tried in their order; a call that no rule names fails with EPERM. */
class SeccompFilter {
 public:
  /** A call of another architecture kills the process; one of x32 fails. */
  SeccompFilter();

  void allow(std::initializer_list<long> calls);

  /** The call fails softly with that errno. */
  void refuse(std::initializer_list<long> calls, int error);

  /**
   * Only with one of these values in argument number `argument`; EPERM otherwise. For arguments of
   * 32 bits, of whose register the kernel does not look at the upper half either.
   */
  void allow_if_argument_is(long call, unsigned argument, std::initializer_list<uint32_t> values);

  /** Only with all of `bits` set in the low word of the argument; else `error`. */
  void allow_if_bits(long call, unsigned argument, uint32_t bits, int error);

  /** Only with each of these arguments zero; EPERM otherwise. */
  void allow_if_zero(long call, std::initializer_list<unsigned> arguments);

  /** On this thread and all that it starts; `flags` as of seccomp(2). */
  OsError install(unsigned flags) &&;

 private:
  void begin_call(long call);
  void end_call();
  void load(unsigned argument, bool high_word);
  void answer(uint32_t action);

  std::vector<sock_filter> program_;
  /** The jump of the rule that is being written, whose length is not known yet. */
  size_t open_jump_ = 0;
};

}  // namespace wolfguard
