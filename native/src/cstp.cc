#include "cstp.h"

namespace wolfguard {

namespace {
constexpr uint8_t kMagic[4] = {'S', 'T', 'F', 1};
}

void encode_cstp_header(uint8_t* out, PacketType type, size_t payload_size) {
  memcpy(out, kMagic, sizeof kMagic);
  store16(out + 4, static_cast<uint16_t>(payload_size));
  out[6] = static_cast<uint8_t>(type);
  out[7] = 0;
}

CstpReader::Header CstpReader::check(const uint8_t* data, size_t size) {
  const size_t magic = size < sizeof kMagic ? size : sizeof kMagic;
  if (memcmp(data, kMagic, magic) != 0) return Header::kBad;
  if (size < kCstpHeaderSize) return Header::kShort;
  const size_t payload = load16(data + 4);
  if (payload > kMaxCstpPayload) return Header::kBad;
  return size < kCstpHeaderSize + payload ? Header::kShort : Header::kWhole;
}

}  // namespace wolfguard
