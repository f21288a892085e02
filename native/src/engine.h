// One worker's engine: the handshake thread and the packet thread, started, fed and joined here.
#pragma once

#include <atomic>
#include <string>
#include <thread>

#include "packet_loop.h"
#include "tls_front.h"
#include "udp_queue.h"

namespace wolfguard {

struct EngineOptions {
  PacketLoopOptions packets;
  TlsFrontOptions front;
};

class Engine {
 public:
  /** nullptr with a sentence in `error`. `events` must outlive the engine. */
  static std::unique_ptr<Engine> create(EngineOptions options, EventSink* events,
                                        std::string* error);
  ~Engine();

  /**
   * Replaces the TLS settings for new connections, the main server's first; a sentence when OpenSSL
   * refuses one of them, and then nothing has changed.
   */
  std::string set_tls(std::span<const TlsOptions> hosts);
  /** What set_tls would say; nothing changes. */
  static std::string check_tls(std::span<const TlsOptions> hosts);
  void set_bans(std::vector<Address> add, std::vector<Address> remove) {
    front_->set_bans(std::move(add), std::move(remove));
  }
  /** Begins to accept; idempotent. */
  void start();
  /** The packet thread is before all others; false: it may not be, and they are behind it. */
  bool packets_raised() const { return raised_ == Raised::kYes; }
  void set_accept_rate(uint32_t per_second, uint32_t workers) {
    front_->set_accept_rate(per_second, workers);
  }
  void hold(ConnectionId connection) { front_->hold(connection); }
  void open_tunnel(TunnelParams params) { front_->open_tunnel(std::move(params)); }
  void close_tunnel(ConnectionId tunnel, TunnelEnd end, bool tell_client) {
    front_->close_tunnel(tunnel, end, tell_client);
  }
  const EngineTotals& totals() const { return totals_; }
  /** One thread only. */
  UdpQueue::State udp_state() { return udp_queue_.look(); }
  /** Stops and joins both threads; idempotent. */
  void close();

 private:
  /** The thread is there before the engine starts: later nobody may raise its priority. */
  enum class Raised { kUnknown, kYes, kNo };
  enum class Gate { kShut, kOpen, kAbandoned };

  explicit Engine(const EngineOptions& options) : udp_queue_(options.packets.udp_fds) {}
  void start_packet_thread();

  EngineTotals totals_;
  UdpQueue udp_queue_;
  DtlsContexts dtls_;
  std::unique_ptr<PacketLoop> packets_;
  std::unique_ptr<TlsFront> front_;
  std::atomic<Raised> raised_{Raised::kUnknown};
  std::atomic<Gate> gate_{Gate::kShut};
  std::thread packet_thread_, front_thread_;
};

}  // namespace wolfguard
