// The network between a DtlsClient and a ChannelRig, with one fault: the datagrams of one kind are
// lost, doubled or late. A kind is a direction and what the datagram begins with, so that
// "the second hello, lost twice" also loses its retransmission.
#pragma once

#include "channel_rig.h"

namespace wolfguard {

/** Direction, content type, epoch, handshake message and whether a hello has its cookie. */
using DatagramKind = std::string;

struct Fault {
  enum class What { kNone, kLost, kDoubled, kDoubledLate, kLate };

  What what = What::kNone;
  DatagramKind kind;
  /** Applies to the first that many of this kind. */
  int times = 1;
};

class LossyNetwork {
 public:
  /** `split`: every record travels in a datagram of its own. */
  LossyNetwork(ChannelRig* rig, DtlsClient* client, Fault fault, bool split)
      : rig_(rig), client_(client), fault_(std::move(fault)), split_(split) {}

  /**
   * Runs the handshake and then an echo (a DPD request with a body) until the answer is here;
   * false when that does not happen within a bounded number of retransmissions.
   */
  bool run();

  /** Kinds of all datagrams that were sent, each once, in order. */
  const std::vector<DatagramKind>& kinds() const { return kinds_; }
  /** Retransmission timers of the client that had to run out. */
  int timeouts() const { return timeouts_; }
  /** The first application record that the engine sent. */
  const std::optional<DtlsHeader>& first_record() const { return first_record_; }
  /** The number of the last handshake record of epoch 1 that the engine sent. */
  uint64_t finished_sequence() const { return finished_sequence_; }

 private:
  bool step();
  bool deliver(const Bytes& datagram, bool to_engine);
  void hand_over(const Bytes& datagram, bool to_engine);
  void note_records(const Bytes& datagram);
  Flight split(const Flight& flight) const;

  ChannelRig* rig_;
  DtlsClient* client_;
  Fault fault_;
  bool split_;
  std::vector<DatagramKind> kinds_;
  std::vector<std::pair<Bytes, bool>> late_;
  int timeouts_ = 0;
  std::optional<DtlsHeader> first_record_;
  uint64_t finished_sequence_ = 0;
};

}  // namespace wolfguard
