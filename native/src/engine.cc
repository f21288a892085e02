#include "engine.h"

#include "thread_priority.h"

namespace wolfguard {

std::unique_ptr<Engine> Engine::create(EngineOptions options, EventSink* events,
                                       std::string* error) {
  std::unique_ptr<Engine> engine(new Engine(options));
  if (!engine->dtls_.open(error)) return nullptr;
  engine->packets_ =
      std::make_unique<PacketLoop>(options.packets, &engine->dtls_, events, &engine->totals_);
  engine->front_ = std::make_unique<TlsFront>(std::move(options.front), events,
                                              engine->packets_.get(), &engine->totals_);
  engine->start_packet_thread();
  return engine;
}

Engine::~Engine() { close(); }

std::string Engine::set_tls(std::span<const TlsOptions> hosts) {
  std::string error;
  SslContext context = create_tls_context(hosts, &error);
  if (context) front_->set_tls(std::move(context));
  return error;
}

std::string Engine::check_tls(std::span<const TlsOptions> hosts) {
  std::string error;
  create_tls_context(hosts, &error);
  return error;
}

/** Joined by close(). Reads nothing before start(): until then the process may still be root's. */
void Engine::start_packet_thread() {
  packet_thread_ = std::thread([this] {
    const UrgentThread urgency;
    if (!urgency.allowed()) put_others_behind(urgency.thread());
    raised_ = urgency.allowed() ? Raised::kYes : Raised::kNo;
    raised_.notify_one();
    gate_.wait(Gate::kShut);
    if (gate_ == Gate::kOpen) packets_->run(urgency);
  });
  raised_.wait(Raised::kUnknown);
}

void Engine::start() {
  if (gate_ != Gate::kShut) return;
  gate_ = Gate::kOpen;
  gate_.notify_one();
  front_thread_ = std::thread([this] { front_->run(); });
}

/** The front first: it hands tunnels to the packet thread, never the other way. */
void Engine::close() {
  if (front_thread_.joinable()) {
    front_->stop();
    front_thread_.join();
  }
  if (packet_thread_.joinable()) {
    if (gate_ == Gate::kShut) gate_ = Gate::kAbandoned;
    gate_.notify_one();
    packets_->stop();
    packet_thread_.join();
  }
}

}  // namespace wolfguard
