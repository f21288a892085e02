// The PROXY header's target of the fuzzer.
#pragma once

#include "random.h"

namespace wolfguard::fuzz {

/** One case; aborts where the parser contradicts itself. */
int fuzz_proxy_header(Random& random);

}  // namespace wolfguard::fuzz
