#include "tls_channel.h"

#include "openssl_records.h"
#include "own_records.h"

namespace wolfguard {

namespace {

/** One send: 45 records of full packets, still in the cache. Also the most that lies sealed. */
constexpr size_t kBatchBytes = 64 << 10;
/** Answers that may wait for a peer before it is not heard any more. */
constexpr size_t kMaxControlBytes = 64 << 10;

}  // namespace

std::unique_ptr<TlsChannel> TlsChannel::take_over(std::unique_ptr<TlsStream> stream, int fd) {
  SendBuffer unsent = stream->take_output();
  std::unique_ptr<TlsRecords> records;
  if (const auto secrets = stream->take_secrets()) {
    records = std::make_unique<OwnRecords>(*secrets, stream->take_partial());
  } else {
    records = std::make_unique<OpensslRecords>(std::move(stream));
  }
  return std::make_unique<TlsChannel>(std::move(records), std::move(unsent), fd);
}

bool TlsChannel::send_text(ByteView text) {
  while (!text.empty()) {
    const ByteView part = text.first(std::min(text.size(), kMaxTlsText));
    if (!seal(part)) return false;
    text = text.subspan(part.size());
  }
  return true;
}

size_t TlsChannel::send_data(ByteView frame) {
  if (must_wait()) return backlog_->add_data(frame);
  return seal(frame) ? 0 : 1;
}

void TlsChannel::send_control(ByteView frame) {
  if (must_wait()) {
    backlog_->add_control(frame);
  } else {
    seal(frame);
  }
}

/** A full batch leaves first; what the socket does not take makes the rest wait in clear text. */
bool TlsChannel::must_wait() {
  if (!backlog_ && !full_ && output_.size() >= kBatchBytes) send();
  if (!backlog_ && full_) backlog_ = std::make_unique<Backlog>();
  return backlog_ != nullptr;
}

bool TlsChannel::seal(ByteView frame) {
  if (!records_->seal(frame, &output_)) broken_ = true;
  return !broken_;
}

void TlsChannel::shut_down() {
  if (backlog_) {
    backlog_->drop_data();
    for (; !backlog_->empty(); backlog_->pop()) seal(backlog_->front());
    backlog_.reset();
  }
  records_->seal_goodbye(&output_);
}

bool TlsChannel::flush() {
  // Not while it is full: a peer that asks and takes nothing would make it grow.
  if (!full_ && records_->has_answer()) records_->take_answer(&output_);
  for (;;) {
    if (!send()) return false;
    if (full_ || !backlog_) return true;
    while (!backlog_->empty() && output_.size() < kBatchBytes) {
      if (!seal(backlog_->front())) return false;
      backlog_->pop();
    }
    if (backlog_->empty()) backlog_.reset();
  }
}

/** false: the connection is broken. */
bool TlsChannel::send() {
  switch (output_.send_to(fd_)) {
    case SendBuffer::Sent::kAll:
      full_ = false;
      break;
    case SendBuffer::Sent::kSome:
      full_ = true;
      break;
    case SendBuffer::Sent::kBroken:
      broken_ = true;
      output_.release();
      break;
  }
  return !broken_;
}

bool TlsChannel::overwhelmed() const {
  return backlog_ && backlog_->control_bytes() > kMaxControlBytes;
}

}  // namespace wolfguard
