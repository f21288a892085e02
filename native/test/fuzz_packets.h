// Fuzz targets of super-packets, and what the others take of them.
#pragma once

#include "bytes.h"
#include "random.h"

namespace wolfguard::fuzz {

/** Aborts with the case under way unless the condition holds. */
void require(bool condition, const char* what);

/** Segments and datagrams of two flows each, mostly in order: what the coalescer joins. */
Bytes any_segment(Random& random);

/** Sound packets with anything in them: joined and cut again, each flow is what it was. */
int fuzz_joining(Random& random);
/** A super-packet of a kernel that lies about it. */
int fuzz_super_packets(Random& random);

}  // namespace wolfguard::fuzz
