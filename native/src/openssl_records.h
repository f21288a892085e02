// Records by OpenSSL, for what own_records.h does not do: CBC suites that the operator allowed,
// a KeyUpdate before CONNECT, a negotiated record size.
#pragma once

#include <memory>

#include "tls_records.h"
#include "tls_stream.h"

namespace wolfguard {

class OpensslRecords final : public TlsRecords {
 public:
  explicit OpensslRecords(std::unique_ptr<TlsStream> stream) : stream_(std::move(stream)) {}

  void feed(uint8_t* data, size_t size) override;
  Status read(std::span<uint8_t>* text) override;
  bool seal(ByteView text, SendBuffer* out) override;
  bool has_answer() const override { return !stream_->output().empty(); }
  void take_answer(SendBuffer* out) override;
  void renew_keys() override;
  void seal_goodbye(SendBuffer* out) override;

 private:
  std::unique_ptr<TlsStream> stream_;
  /** Where the next text goes: behind the last, in front of what OpenSSL has still to read. */
  uint8_t* text_ = nullptr;
};

}  // namespace wolfguard
