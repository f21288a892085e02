// What a worker hands to the worker that owns the tunnel: a packet that the kernel gave to the
// wrong TUN queue, a datagram that it gave to the wrong socket. Slower than steering in the kernel,
// never wrong. One datagram on the owner's inbox each:
//
//   0      1        2         4      6     8        24        40
//   | kind | socket | from    | port | 0   | peer   | local   | the packet or datagram …
#pragma once

#include <vector>

#include "datagram_reader.h"

namespace wolfguard {

enum class LinkKind : uint8_t {
  /** An inside packet for a client of the receiver. */
  kInsidePacket = 1,
  /** A datagram whose owner the sender knows. */
  kDatagram = 2,
  /** A record from an end point that nobody has claimed: who can open it? */
  kStranger = 3,
  /** "Datagrams from this end point are mine": the sender forwards them from now on. */
  kClaim = 4,
  /** "I know nothing of this end point." */
  kRelease = 5,
};

struct LinkMessage {
  LinkKind kind;
  int from_worker;
  UdpPath path;
  uint8_t* payload;
  size_t size;
};

class WorkerLinks {
 public:
  static constexpr size_t kHeaderSize = 40;

  WorkerLinks(int self, std::vector<int> outboxes) : self_(self), outboxes_(std::move(outboxes)) {}

  int self() const { return self_; }
  int count() const { return static_cast<int>(outboxes_.size()); }
  /** false: no such worker, or its inbox is full and the packet is lost. */
  bool send(int worker, LinkKind kind, const UdpPath& path, ByteView payload) const;
  /** To every other worker. */
  void broadcast(LinkKind kind, const UdpPath& path, ByteView payload) const;
  /** false for what no worker of ours has sent. */
  bool parse(uint8_t* data, size_t size, LinkMessage* message) const;

 private:
  int self_;
  std::vector<int> outboxes_;
};

}  // namespace wolfguard
