// How many verdicts a program of the engine's filter gives in a second.
#pragma once

#include "acl_filter.h"

namespace wolfguard::load {

struct LookupPlan {
  bool ipv6 = false;
  /** Every address is another one; false: always the same packet, as in a flow. */
  bool random = true;
  /** The processor's caches are filled with something else after every 256 lookups, off the clock.
   */
  bool cold = false;
  double seconds = 1;
};

struct LookupRate {
  double per_second = 0;
  /** Of all; so that nothing is optimised away, and to see that both verdicts come. */
  double allowed_share = 0;
};

LookupRate measure_lookups(std::shared_ptr<const AclProgram> program, const LookupPlan& plan);

}  // namespace wolfguard::load
