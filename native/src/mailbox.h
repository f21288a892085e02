// The datagram pair by which workers hand each other packets that are not their own.
#pragma once

#include "fd.h"
#include "os_error.h"

namespace wolfguard {

/** Datagrams of up to 64 KiB, non-blocking: a full mailbox drops (EAGAIN), it never stalls. */
struct Mailbox {
  Fd receive;
  Fd send;
};

/** How many datagrams may wait is net.unix.max_dgram_qlen at this moment. */
Result<Mailbox> open_mailbox();

}  // namespace wolfguard
