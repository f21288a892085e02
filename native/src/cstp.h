// CSTP frames [oc 6.1]:
//
//    0   1   2   3   4   5   6   7   8
//   'S' 'T' 'F' 01 | length | type 00 | payload …
//
// and their reassembly: a client sends one frame a TLS record [oc 6.2], but frames split over
// records and several in one are taken too.
#pragma once

#include <cstddef>
#include <cstdint>

#include "bytes.h"

namespace wolfguard {

enum class PacketType : uint8_t {
  kData = 0,
  kDpdRequest = 3,
  kDpdResponse = 4,
  kDisconnect = 5,
  kKeepalive = 7,
  kCompressed = 8,
  kTerminate = 9,
};

/** First byte of a disconnect's payload [oc 6.3]. */
enum class DisconnectReason : uint8_t {
  kUserLogout = 0xb0,
  kWillReconnect = 0x91,
  kPause = 0xd1,
  kLocalError = 0x70,
};

inline constexpr size_t kCstpHeaderSize = 8;
/** One frame a TLS record, and a record holds 16 KiB [oc 6.2]. */
inline constexpr size_t kMaxCstpPayload = 16384 - kCstpHeaderSize;

void encode_cstp_header(uint8_t* out, PacketType type, size_t payload_size);

/** Cuts a stream into frames. */
class CstpReader {
 public:
  /**
   * Takes the next plaintext and calls on_frame(type, payload, size) for each whole frame; the
   * payload may be changed in place and lives until the next feed. on_frame returns false to stop.
   * Returns false when the stream is no CSTP or on_frame said stop.
   */
  template <typename OnFrame>
  bool feed(uint8_t* data, size_t size, OnFrame&& on_frame);

  bool empty() const { return rest_.empty(); }

 private:
  enum class Header { kBad, kShort, kWhole };
  static Header check(const uint8_t* data, size_t size);
  template <typename OnFrame>
  bool cut(uint8_t* data, size_t size, OnFrame&& on_frame);

  Bytes rest_, joined_;
};

template <typename OnFrame>
bool CstpReader::feed(uint8_t* data, size_t size, OnFrame&& on_frame) {
  if (rest_.empty()) {
    if (joined_.capacity() > 0) Bytes().swap(joined_);  // frames are seldom split: keep nothing
    return cut(data, size, on_frame);
  }
  rest_.insert(rest_.end(), data, data + size);
  joined_ = std::move(rest_);
  rest_ = {};
  return cut(joined_.data(), joined_.size(), on_frame);
}

template <typename OnFrame>
bool CstpReader::cut(uint8_t* data, size_t size, OnFrame&& on_frame) {
  while (size > 0) {
    switch (check(data, size)) {
      case Header::kBad:
        return false;
      case Header::kShort:
        rest_.assign(data, data + size);
        return true;
      case Header::kWhole:
        break;
    }
    const size_t payload = load16(data + 4);
    if (!on_frame(static_cast<PacketType>(data[6]), data + kCstpHeaderSize, payload)) return false;
    data += kCstpHeaderSize + payload;
    size -= kCstpHeaderSize + payload;
  }
  return true;
}

}  // namespace wolfguard
