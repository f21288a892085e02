// Turns good input into nearly good input.
#pragma once

#include "random.h"

namespace wolfguard::fuzz {

/** One to four changes: bits, bytes, lengths, cuts, repeats, insertions, a splice with `other`. */
Bytes mutate(Random& random, const Bytes& good, const Bytes& other);

}  // namespace wolfguard::fuzz
