// Cuts what the TUN device handed over into packets that can leave as they are: a super-packet into
// TCP segments or UDP datagrams of gso_size, each with its own headers and checksum, and a single
// packet whose checksum the kernel left to the device gets it.
//
// Nothing is copied: the headers of segment i are written over the end of segment i-1, which the
// caller has sealed by then. So the callback's packet, and kHeadroom bytes before it, are the
// callee's until it returns, and only until then.
#pragma once

#include <netinet/in.h>

#include "checksum.h"
#include "tun_queue.h"

namespace wolfguard {

namespace segmenter {

/** Headers of a super-packet, kept aside because the segments overwrite them. */
struct Template {
  static constexpr size_t kMaxHeaders = 128;
  uint8_t bytes[kMaxHeaders];
  size_t ip_size, headers_size;
  bool ipv4;
  /** IPPROTO_TCP or IPPROTO_UDP. */
  uint8_t protocol;
};

/** false: not a super-packet that we can cut. */
bool take_template(const VirtioHeader& header, const uint8_t* packet, size_t size, Template* out);
/** Writes the headers of the segment that carries payload [at, at + payload_size) at `out`. */
void write_headers(const Template& headers, size_t index, size_t at, size_t payload_size, bool last,
                   uint8_t* out);
/** false: the offsets do not lie in the packet. */
bool finish_checksum(const VirtioHeader& header, uint8_t* packet, size_t size);

}  // namespace segmenter

/** Calls each(packet, size) for every packet; false when the header made no sense. */
template <typename Each>
bool segment(const VirtioHeader& header, uint8_t* packet, size_t size, Each&& each) {
  if ((header.gso_type & ~VirtioHeader::kEcn) == VirtioHeader::kNone) {
    if ((header.flags & VirtioHeader::kNeedsChecksum) != 0 &&
        !segmenter::finish_checksum(header, packet, size)) {
      return false;
    }
    each(packet, size);
    return true;
  }
  segmenter::Template headers;
  if (!segmenter::take_template(header, packet, size, &headers)) return false;
  const size_t payload = size - headers.headers_size;
  size_t index = 0;
  for (size_t at = 0; at < payload; at += header.gso_size, index++) {
    const size_t part = payload - at < header.gso_size ? payload - at : header.gso_size;
    segmenter::write_headers(headers, index, at, part, at + part == payload, packet + at);
    each(packet + at, headers.headers_size + part);
  }
  return true;
}

}  // namespace wolfguard
