#include "lossy_network.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

namespace wolfguard {

namespace {

/** Far more than any fault here needs; a handshake that hangs ends. */
constexpr int kMaxTimeouts = 30;
const Bytes kProbe = {3, 'p', 'r', 'o', 'b', 'e'};
const Bytes kEcho = {4, 'p', 'r', 'o', 'b', 'e'};

DatagramKind kind_of(const Bytes& datagram, bool to_engine) {
  const auto header = parse_dtls_header(datagram.data(), datagram.size());
  if (!header) return "garbage";
  DatagramKind kind(to_engine ? "> " : "< ");
  kind.append(std::to_string(static_cast<int>(header->type)));
  kind.append("/").append(std::to_string(header->epoch));
  if (header->type == ContentType::kHandshake && header->epoch == 0) {
    kind.append("/").append(std::to_string(datagram[kDtlsHeaderSize]));
    const auto hello = parse_client_hello(datagram.data(), datagram.size());
    if (hello && !hello->cookie.empty()) kind.append(" with cookie");
  }
  return kind;
}

}  // namespace

bool LossyNetwork::run() {
  client_->advance();
  for (;;) {
    while (step()) {
    }
    if (const auto text = client_->read()) return *text == kEcho;
    if (client_->failed() || client_->closed() || timeouts_ >= kMaxTimeouts) return false;
    if (!late_.empty()) {
      auto late = std::exchange(late_, {});
      for (const auto& [datagram, to_engine] : late) hand_over(datagram, to_engine);
      continue;
    }
    if (client_->up()) {
      client_->send(kProbe);  // as openconnect's MTU search does at once, and again
      timeouts_++;
      if (timeouts_ > 1) usleep(DtlsClient::kExpiredUs);
    } else {
      usleep(DtlsClient::kExpiredUs);
      client_->time_out();
      timeouts_++;
    }
  }
}

/** One exchange in each direction; false when nothing moved. */
bool LossyNetwork::step() {
  bool moved = false;
  for (const Bytes& datagram : split(client_->take_output())) moved |= deliver(datagram, true);
  for (const Bytes& datagram : split(rig_->receive())) {
    note_records(datagram);
    moved |= deliver(datagram, false);
  }
  client_->advance();
  return moved;
}

bool LossyNetwork::deliver(const Bytes& datagram, bool to_engine) {
  const DatagramKind kind = kind_of(datagram, to_engine);
  if (std::find(kinds_.begin(), kinds_.end(), kind) == kinds_.end()) kinds_.push_back(kind);
  if (fault_.what == Fault::What::kNone || kind != fault_.kind || fault_.times == 0) {
    hand_over(datagram, to_engine);
    return true;
  }
  fault_.times--;
  switch (fault_.what) {
    case Fault::What::kNone:
    case Fault::What::kLost:
      break;
    case Fault::What::kDoubled:
      hand_over(datagram, to_engine);
      hand_over(datagram, to_engine);
      break;
    case Fault::What::kDoubledLate:
      hand_over(datagram, to_engine);
      late_.emplace_back(datagram, to_engine);
      break;
    case Fault::What::kLate:
      late_.emplace_back(datagram, to_engine);
      break;
  }
  return true;
}

void LossyNetwork::hand_over(const Bytes& datagram, bool to_engine) {
  if (to_engine) {
    rig_->send(datagram);
  } else {
    client_->receive(datagram);
    client_->advance();
  }
}

void LossyNetwork::note_records(const Bytes& datagram) {
  const uint8_t* at = datagram.data();
  size_t rest = datagram.size();
  while (const auto header = parse_dtls_header(at, rest)) {
    if (header->epoch == 1 && header->type == ContentType::kHandshake) {
      finished_sequence_ = header->sequence;
    }
    if (header->type == ContentType::kApplicationData && !first_record_) first_record_ = header;
    at += kDtlsHeaderSize + header->length;
    rest -= kDtlsHeaderSize + header->length;
  }
}

Flight LossyNetwork::split(const Flight& flight) const {
  if (!split_) return flight;
  Flight records;
  for (const Bytes& datagram : flight) {
    const uint8_t* at = datagram.data();
    size_t rest = datagram.size();
    while (const auto header = parse_dtls_header(at, rest)) {
      const size_t size = kDtlsHeaderSize + header->length;
      records.emplace_back(at, at + size);
      at += size;
      rest -= size;
    }
  }
  return records;
}

}  // namespace wolfguard
