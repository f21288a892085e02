#include "engine.h"

namespace wolfguard {

std::unique_ptr<Engine> Engine::create(EngineOptions options, EventSink* events,
                                       std::string* error) {
  std::unique_ptr<Engine> engine(new Engine);
  if (!engine->dtls_.open(error)) return nullptr;
  engine->packets_ =
      std::make_unique<PacketLoop>(options.packets, &engine->dtls_, events, &engine->totals_);
  engine->front_ = std::make_unique<TlsFront>(std::move(options.front), events,
                                              engine->packets_.get(), &engine->totals_);
  return engine;
}

Engine::~Engine() { close(); }

std::string Engine::set_tls(const TlsOptions& options) {
  std::string error;
  SslContext context = create_tls_context(options, &error);
  if (context) front_->set_tls(std::move(context));
  return error;
}

void Engine::start() {
  if (packet_thread_.joinable()) return;
  packet_thread_ = std::thread([this] { packets_->run(); });
  front_thread_ = std::thread([this] { front_->run(); });
}

/** The front first: it hands tunnels to the packet thread, never the other way. */
void Engine::close() {
  if (front_thread_.joinable()) {
    front_->stop();
    front_thread_.join();
  }
  if (packet_thread_.joinable()) {
    packets_->stop();
    packet_thread_.join();
  }
}

}  // namespace wolfguard
