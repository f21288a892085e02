// Registration and checks for the engine's C++ tests. Each test is a sentence; the addon
// wolfguard_test lists them and runs one by name, and test/engine/native_units.test.ts makes each a
// test of node:test. A failed check is noted and the test goes on.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace wolfguard::unit {

struct Test {
  const char* name;
  void (*run)();
};

/** All tests of the addon, in the order in which they were linked. */
std::vector<Test>& tests();

/** Runs a test; what failed, empty when nothing did. */
std::vector<std::string> run(std::string_view name);

/** Notes a failure of the test that is running. */
void fail(const char* file, int line, const std::string& what);

struct Registration {
  Registration(const char* name, void (*run)()) { tests().push_back({name, run}); }
};

/** A value in a failure's text: numbers and text as they are, anything else only as "value". */
template <typename T>
std::string show(const T& value) {
  if constexpr (std::is_same_v<T, bool>) {
    return value ? "true" : "false";
  } else if constexpr (std::is_enum_v<T>) {
    return std::to_string(static_cast<long long>(value));
  } else if constexpr (std::is_arithmetic_v<T>) {
    return std::to_string(value);
  } else if constexpr (std::is_convertible_v<T, std::string>) {
    return value;
  } else {
    return "value";
  }
}

template <typename A, typename B>
bool check_equal(const char* file, int line, const char* text, const A& actual, const B& expected) {
  if (actual == expected) return true;
  fail(file, line, std::string(text) + ": " + show(actual) + " instead of " + show(expected));
  return false;
}

}  // namespace wolfguard::unit

#define UNIT_JOIN2(a, b) a##b
#define UNIT_JOIN(a, b) UNIT_JOIN2(a, b)

/** UNIT_TEST("a sentence") { … } */
#define UNIT_TEST(sentence) UNIT_TEST_AT(sentence, UNIT_JOIN(unit_test_, __LINE__))
#define UNIT_TEST_AT(sentence, function)                                                        \
  static void function();                                                                       \
  static const ::wolfguard::unit::Registration UNIT_JOIN(function, _entry)(sentence, function); \
  static void function()

#define CHECK(condition)                                                                   \
  do {                                                                                     \
    if (!(condition)) ::wolfguard::unit::fail(__FILE__, __LINE__, #condition " is false"); \
  } while (false)

/** Ends the test when it is false: what follows would make no sense. */
#define REQUIRE(condition)                                                 \
  do {                                                                     \
    if (!(condition)) {                                                    \
      ::wolfguard::unit::fail(__FILE__, __LINE__, #condition " is false"); \
      return;                                                              \
    }                                                                      \
  } while (false)

#define CHECK_EQUAL(actual, expected) \
  ::wolfguard::unit::check_equal(__FILE__, __LINE__, #actual, actual, expected)
