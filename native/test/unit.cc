#include "unit.h"

namespace wolfguard::unit {

namespace {

/** Enough to see what is wrong; a loop that fails a million times says it once. */
constexpr size_t kMaxFailures = 10;

std::vector<std::string> failures;

}  // namespace

std::vector<Test>& tests() {
  static std::vector<Test> all;
  return all;
}

std::vector<std::string> run(std::string_view name) {
  failures.clear();
  bool found = false;
  for (const Test& test : tests()) {
    if (test.name != name) continue;
    found = true;
    test.run();
  }
  if (!found) failures.push_back("there is no such test");
  return std::move(failures);
}

void fail(const char* file, int line, const std::string& what) {
  if (failures.size() >= kMaxFailures) return;
  const std::string path = file;
  failures.push_back(path.substr(path.rfind('/') + 1) + ":" + std::to_string(line) + ": " + what);
}

}  // namespace wolfguard::unit
