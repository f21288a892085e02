// Mutation fuzzing of everything that reads bytes of strangers. The sanitizers see what is read
// past an end or added beyond a limit; each target adds what must hold besides.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace wolfguard::fuzz {

std::vector<std::string> names();

/**
 * Runs one target for that long; how many cases it tried. The same seed makes the same cases in the
 * same order (OpenSSL's own randoms aside). A broken invariant or a sanitizer's finding prints
 * target, seed and block, and aborts.
 */
uint64_t run(const std::string& name, uint64_t seed, int64_t milliseconds);

}  // namespace wolfguard::fuzz
