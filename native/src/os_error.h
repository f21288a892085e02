// A failed system call as a value: no exceptions here, TypeScript gives it words.
#pragma once

#include <cerrno>
#include <utility>

namespace wolfguard {

/** errno and the call that set it; `code` 0 = no error. `call` is a string literal. */
struct [[nodiscard]] OsError {
  int code = 0;
  const char* call = "";

  bool failed() const { return code != 0; }

  /** What the call that has just failed left in errno. */
  static OsError last(const char* call) { return {errno, call}; }
};

/** A value, or the error that stands in its place. */
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}
  Result(OsError error) : error_(error) {}

  bool failed() const { return error_.failed(); }
  OsError error() const { return error_; }
  T& value() { return value_; }

 private:
  T value_{};
  OsError error_;
};

}  // namespace wolfguard
