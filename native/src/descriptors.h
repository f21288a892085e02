// Descriptors that this process was started with, and must not hand on.
#pragma once

#include "os_error.h"

namespace wolfguard {

/**
 * Marks every descriptor above stderr close-on-exec. Our own are made so; those of whoever started
 * us, a lock or a log of theirs, are not, and programs that we run would hold them.
 */
OsError keep_descriptors();

}  // namespace wolfguard
