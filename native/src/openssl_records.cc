#include "openssl_records.h"

namespace wolfguard {

void OpensslRecords::feed(uint8_t* data, size_t size) {
  // The record that is partly in OpenSSL's own buffers has a text too: hence the room in front.
  text_ = data - kMaxTlsRecord;
  stream_->feed(data, size);
}

TlsRecords::Status OpensslRecords::read(std::span<uint8_t>* text) {
  size_t got = 0;
  switch (stream_->read(text_, kMaxTlsText, &got)) {
    case TlsStream::Status::kDone:
      *text = {text_, got};
      text_ += got;
      return Status::kText;
    case TlsStream::Status::kAgain:
      return Status::kAgain;
    case TlsStream::Status::kClosed:
      return Status::kClosed;
    case TlsStream::Status::kFailed:
      return Status::kFailed;
  }
  return Status::kFailed;
}

bool OpensslRecords::seal(ByteView text, SendBuffer* out) {
  const bool written = stream_->write(text.data(), text.size());
  take_answer(out);
  return written;
}

void OpensslRecords::take_answer(SendBuffer* out) {
  out->append(stream_->output());
  stream_->take_output();
}

void OpensslRecords::renew_keys() { stream_->renew_keys(); }

void OpensslRecords::seal_goodbye(SendBuffer* out) {
  stream_->shut_down();
  take_answer(out);
}

}  // namespace wolfguard
