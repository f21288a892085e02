#include "seccomp_filter.h"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>

namespace wolfguard {
namespace {

#if defined(__x86_64__)
constexpr uint32_t kArchitecture = AUDIT_ARCH_X86_64;
// The x32 calls have the architecture of x86_64 and this bit in their number.
constexpr uint32_t kForeignCalls = 0x40000000;
#elif defined(__aarch64__)
constexpr uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
constexpr uint32_t kForeignCalls = 0x80000000;
#else
#error "the sandbox knows x86_64 and aarch64 only"
#endif

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "load() picks words by this order");

constexpr uint32_t fail_with(int error) {
  return SECCOMP_RET_ERRNO | (static_cast<uint32_t>(error) & SECCOMP_RET_DATA);
}

sock_filter statement(int code, uint32_t value) {
  return {static_cast<uint16_t>(code), 0, 0, value};
}

/** Skips that many instructions when the comparison holds or not. */
sock_filter jump(int comparison, uint32_t value, uint8_t if_true, uint8_t if_false) {
  return {static_cast<uint16_t>(BPF_JMP | BPF_K | comparison), if_true, if_false, value};
}

sock_filter load_word(size_t offset) {
  return statement(BPF_LD | BPF_W | BPF_ABS, static_cast<uint32_t>(offset));
}

}  // namespace

SeccompFilter::SeccompFilter() {
  program_.push_back(load_word(offsetof(seccomp_data, arch)));
  program_.push_back(jump(BPF_JEQ, kArchitecture, 1, 0));
  answer(SECCOMP_RET_KILL_PROCESS);
  program_.push_back(load_word(offsetof(seccomp_data, nr)));
  program_.push_back(jump(BPF_JGE, kForeignCalls, 0, 1));
  answer(fail_with(EPERM));
}

void SeccompFilter::allow(std::initializer_list<long> calls) {
  for (const long call : calls) {
    begin_call(call);
    answer(SECCOMP_RET_ALLOW);
    end_call();
  }
}

void SeccompFilter::refuse(std::initializer_list<long> calls, int error) {
  for (const long call : calls) {
    begin_call(call);
    answer(fail_with(error));
    end_call();
  }
}

void SeccompFilter::allow_if_argument_is(long call, unsigned argument,
                                         std::initializer_list<uint32_t> values) {
  begin_call(call);
  load(argument, false);
  for (const uint32_t value : values) {
    program_.push_back(jump(BPF_JEQ, value, 0, 1));
    answer(SECCOMP_RET_ALLOW);
  }
  answer(fail_with(EPERM));
  end_call();
}

void SeccompFilter::allow_if_bits(long call, unsigned argument, uint32_t bits, int error) {
  begin_call(call);
  load(argument, false);
  program_.push_back(statement(BPF_ALU | BPF_AND | BPF_K, bits));
  program_.push_back(jump(BPF_JEQ, bits, 0, 1));
  answer(SECCOMP_RET_ALLOW);
  answer(fail_with(error));
  end_call();
}

void SeccompFilter::allow_if_zero(long call, std::initializer_list<unsigned> arguments) {
  begin_call(call);
  for (const unsigned argument : arguments) {
    for (const bool high : {false, true}) {
      load(argument, high);
      program_.push_back(jump(BPF_JEQ, 0, 1, 0));
      answer(fail_with(EPERM));
    }
  }
  answer(SECCOMP_RET_ALLOW);
  end_call();
}

OsError SeccompFilter::install(unsigned flags) && {
  answer(fail_with(EPERM));
  const sock_fprog program{static_cast<unsigned short>(program_.size()), program_.data()};
  const long result = ::syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
  if (result < 0) return OsError::last("seccomp");
  // With TSYNC: the number of a thread whose own filter is not an ancestor of ours.
  if (result > 0) return {EBUSY, "seccomp"};
  return {};
}

/** The accumulator holds the call's number here; every rule ends with an answer. */
void SeccompFilter::begin_call(long call) {
  open_jump_ = program_.size();
  program_.push_back(jump(BPF_JEQ, static_cast<uint32_t>(call), 0, 0));
}

void SeccompFilter::end_call() {
  const size_t length = program_.size() - open_jump_ - 1;
  if (length > UINT8_MAX) __builtin_trap();
  program_[open_jump_].jf = static_cast<uint8_t>(length);
}

void SeccompFilter::load(unsigned argument, bool high_word) {
  program_.push_back(load_word(offsetof(seccomp_data, args) + argument * sizeof(uint64_t) +
                               (high_word ? sizeof(uint32_t) : 0)));
}

void SeccompFilter::answer(uint32_t action) {
  program_.push_back(statement(BPF_RET | BPF_K, action));
}

}  // namespace wolfguard
