// What a tunnel's policy lets pass: the program that it shares with others, and whether it may
// speak with other clients. The last verdict is kept, since packets of a flow follow one another.
#pragma once

#include <utility>

#include "acl_program.h"
#include "inside_packet.h"
#include "owners.h"

namespace wolfguard {

class AclFilter {
 public:
  /** Everything passes. */
  AclFilter() = default;
  /** `program` nullptr: no rules. `isolated`: nothing passes between this client and others. */
  AclFilter(std::shared_ptr<const AclProgram> program, bool isolated)
      : program_(std::move(program)), isolated_(isolated) {}

  bool active() const { return program_ != nullptr || isolated_; }

  /** May the client send this packet? */
  bool allows(const uint8_t* packet, const InsidePacket& parsed, const OwnersView& owners) {
    const auto facts = acl_facts(packet, parsed);
    if (!facts || !may_meet(parsed.destination, owners)) return false;
    if (!program_) return true;
    if (*facts != last_) {
      last_ = *facts;
      verdict_ = program_->allows(*facts);
    }
    return verdict_;
  }

  /**
   * May packets pass between this client and that address? Not when another client owns it, and
   * then or now is decided by the table of all workers: addresses come and go.
   */
  bool may_meet(const Address& address, const OwnersView& owners) const {
    return !isolated_ || (owners.valid() && owners.find(address.data()) < 0);
  }

 private:
  std::shared_ptr<const AclProgram> program_;
  bool isolated_ = false;
  /** Of `last_`; no packet is like the facts of the beginning, which have no protocol. */
  bool verdict_ = false;
  AclFacts last_;
};

}  // namespace wolfguard
