// A TCP segment or UDP datagram as joining sees it: what flow it is of, and what may follow what in
// one super-packet so that cutting it gives the very same packets back. The rules are those of the
// kernel's GRO.
#pragma once

#include "bytes.h"

namespace wolfguard {

struct InsideSegment {
  bool ipv4;
  /** IPPROTO_TCP or IPPROTO_UDP. */
  uint8_t protocol;
  /** From the IP header's start; headers_size has the transport header too. */
  size_t ip_size, headers_size;
  size_t payload_size;
  /** May be part of a super-packet at all: data without a flag but PSH, a UDP checksum. */
  bool joinable;
  /** TCP: an acknowledgement without data and without another flag. */
  bool bare_ack;
  /** TCP: the first byte's number, and whether a super-packet ends with this segment. */
  uint32_t sequence;
  bool pushes;
};

/** false: anything but TCP or UDP of exactly this size with a sound plain IP header. */
bool parse_segment(const uint8_t* packet, size_t size, InsideSegment* segment);

bool transport_checksum_is_right(const uint8_t* packet, const InsideSegment& segment);

/** The other way round is another flow. */
bool same_flow(const uint8_t* a, const InsideSegment& first, const uint8_t* b,
               const InsideSegment& second);
/** The same treatment on the way: TOS or traffic class and flow label, hop limit, IPv4's DF. */
bool same_service(const uint8_t* a, const uint8_t* b);
/** Of two packets that need not be segments, but sound: are they between the same hosts? */
bool same_hosts(const uint8_t* a, const uint8_t* b);

/**
 * Is `packet` the next of a super-packet that `first` begins and that has so many packets and bytes
 * of payload by now? Both are joinable and of one flow. Only the last may be shorter: that none
 * came before is the caller's to know.
 */
bool follows(const uint8_t* first, const InsideSegment& head, size_t packets, size_t payload_size,
             const uint8_t* packet, const InsideSegment& segment);

}  // namespace wolfguard
