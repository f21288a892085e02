// Packets and programs for the filter of a policy.
#pragma once

#include "random.h"

namespace wolfguard::fuzz {

/** Programs that are nearly right, asked about packets that are nearly right; how many cases. */
int fuzz_acl(Random& random);

}  // namespace wolfguard::fuzz
