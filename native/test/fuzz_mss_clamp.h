// The fuzz target of mss_clamp.h.
#pragma once

#include "random.h"

namespace wolfguard::fuzz {

/** Aborts with the case under way when it is false: see fuzz.cc. */
void require(bool condition, const char* what);

/** A block of cases; how many. */
int fuzz_mss_clamp(Random& random);

}  // namespace wolfguard::fuzz
