// Fuzz target of compressed packets.
#pragma once

#include "random.h"

namespace wolfguard::fuzz {

/** Sound streams of both algorithms and nearly sound ones; packets of any kind both ways. */
int fuzz_compression(Random& random);

}  // namespace wolfguard::fuzz
