// What an engine counts. JavaScript reads it at any time; each number has one writing thread, so
// that counting is a plain add. The two threads' numbers share no cache line.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace wolfguard {

/** Plain adds without a locked instruction: right because there is one writer. */
inline void bump(std::atomic<uint64_t>& counter, uint64_t by = 1) {
  counter.store(counter.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
}

/** Of the packet thread; their names are in engine_totals.cc, in this order. */
enum class PacketSum {
  // What tunnels carried; a channel's packets and bytes follow each other.
  kReceivedTlsPackets,
  kReceivedTlsBytes,
  kReceivedDtlsPackets,
  kReceivedDtlsBytes,
  kSentTlsPackets,
  kSentTlsBytes,
  kSentDtlsPackets,
  kSentDtlsBytes,
  kForwardedPackets,
  // System calls that moved something, and what they moved.
  kUdpReceiveCalls,
  kUdpReceivePackets,
  kUdpSendCalls,
  kUdpSendPackets,
  kTunReadCalls,
  kTunReadPackets,
  kTunWriteCalls,
  kTunWritePackets,
  kTlsReceiveCalls,
  kTlsSendCalls,
  kDtlsFull,
  kDtlsResumed,
  kDtlsFailed,
  kKernelRefusedUdpSegmentation,
  kKernelRefusedUdpJoining,
  kKernelRefusedTunJoining,
  // Packets that went no further: received from a client, then sent to one.
  kDropBadRecord,
  kDropReplay,
  kDropUnknownPeer,
  kDropRoaming,
  kDropFlood,
  kDropReceivedBadPacket,
  kDropCompression,
  kDropLinkLocal,
  kDropSourceForged,
  kDropReceivedDenied,
  kDropReceivedRate,
  kDropTunRefused,
  kDropReceivedMailbox,
  kDropSentBadPacket,
  kDropSentDenied,
  kDropNoRoute,
  kDropSentMailbox,
  kDropHandOver,
  kDropTooBig,
  kDropSentRate,
  kDropSeal,
  kDropTlsQueue,
  kDropUdpRefused,
  kCount,
};

inline constexpr PacketSum kFirstDrop = PacketSum::kDropBadRecord;

/** Of the handshake thread. */
enum class FrontSum {
  kTls12,
  kTls13,
  kFailed,
  kTimedOut,
  kAbandoned,
  // Closed before the handshake.
  kRefusedBanned,
  kRefusedRate,
  kRefusedSource,
  kRefusedFull,
  kRefusedProxy,
  kRefusedUnready,
  kCount,
};

inline constexpr FrontSum kFirstRefusal = FrontSum::kRefusedBanned;

const char* name_of(PacketSum sum);
const char* name_of(FrontSum sum);

/** How long something took: a counter for each upper bound, one for longer, and the sum. */
class Durations {
 public:
  /** From a good network's round trip to the time that a handshake has. */
  static constexpr std::array<int64_t, 10> kBoundsMs{5,   10,  25,   50,   100,
                                                     250, 500, 1000, 2500, 5000};

  void add(int64_t ms) {
    size_t i = 0;
    while (i < kBoundsMs.size() && ms > kBoundsMs[i]) i++;
    bump(counts_[i]);
    bump(total_ms_, static_cast<uint64_t>(ms));
  }
  /** Up to bound `i` and above the one before; the last is what took longer than all. */
  uint64_t count(size_t i) const { return counts_[i].load(std::memory_order_relaxed); }
  uint64_t total_ms() const { return total_ms_.load(std::memory_order_relaxed); }

 private:
  std::array<std::atomic<uint64_t>, kBoundsMs.size() + 1> counts_{};
  std::atomic<uint64_t> total_ms_{0};
};

/** All of one engine. */
class EngineTotals {
 public:
  static constexpr size_t kPacketSums = static_cast<size_t>(PacketSum::kCount);
  static constexpr size_t kFrontSums = static_cast<size_t>(FrontSum::kCount);

  void add(PacketSum sum, uint64_t by = 1) { bump(packets_[static_cast<size_t>(sum)], by); }
  /** The sum behind this one, too. */
  void add(PacketSum packets, uint64_t by, uint64_t bytes) {
    bump(packets_[static_cast<size_t>(packets)], by);
    bump(packets_[static_cast<size_t>(packets) + 1], bytes);
  }
  void add(FrontSum sum) { bump(front_[static_cast<size_t>(sum)]); }
  uint64_t get(PacketSum sum) const {
    return packets_[static_cast<size_t>(sum)].load(std::memory_order_relaxed);
  }
  uint64_t get(FrontSum sum) const {
    return front_[static_cast<size_t>(sum)].load(std::memory_order_relaxed);
  }
  /** Handshakes that came to their end. */
  uint64_t handshakes() const { return get(FrontSum::kTls12) + get(FrontSum::kTls13); }
  /** Connections closed before their handshake. */
  uint64_t refused() const;
  uint64_t dropped_packets() const;

 private:
  alignas(64) std::array<std::atomic<uint64_t>, kPacketSums> packets_{};

 public:
  /** As they are now. `tls_waiting_bytes`: of packets for clients that are slow or between two
   * tunnels; `tls_blocked`: tunnels whose socket is full. */
  std::atomic<uint64_t> tunnels{0}, dtls_tunnels{0}, tls_waiting_bytes{0}, tls_blocked{0};
  Durations dtls_handshakes;

 private:
  alignas(64) std::array<std::atomic<uint64_t>, kFrontSums> front_{};

 public:
  std::atomic<uint64_t> connections{0};
  Durations tls_handshakes;
};

}  // namespace wolfguard
