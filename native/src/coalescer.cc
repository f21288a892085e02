#include "coalescer.h"

#include <netinet/in.h>

#include <cerrno>

#include "ack_filter.h"
#include "checksum.h"

namespace wolfguard {

namespace {

constexpr size_t kIpv6HeaderSize = 40;
constexpr size_t kTcpAcknowledged = 8, kTcpFlags = 13, kUdpLength = 4;
constexpr uint8_t kPush = 0x08;
/** The length field of an IPv4 packet; kept for IPv6 too. */
constexpr size_t kMaxPacket = 65535;

/** In all headers that bear one, and the IPv4 header's checksum. */
void write_length(uint8_t* packet, const InsideSegment& head, size_t size) {
  if (head.ipv4) {
    store16(packet + 2, static_cast<uint16_t>(size));
    write_ipv4_checksum(packet);
  } else {
    store16(packet + 4, static_cast<uint16_t>(size - kIpv6HeaderSize));
  }
  if (head.protocol == IPPROTO_UDP) {
    store16(packet + head.ip_size + kUdpLength, static_cast<uint16_t>(size - head.ip_size));
  }
}

}  // namespace

void Coalescer::add(uint8_t* packet, size_t size) {
  InsideSegment segment;
  if (!parse_segment(packet, size, &segment)) {
    write_all_between(packet);
    write_alone(packet, size, false);
    return;
  }
  Train* train = find(packet, segment);
  const bool verified = joins(segment.protocol) && transport_checksum_is_right(packet, segment);
  const bool joinable = segment.joinable && verified;
  if (train != nullptr && joinable && fits(*train, packet, segment)) {
    append(*train, packet, segment);
    return;
  }
  if (segment.bare_ack && verified) {
    hold_ack(train, packet, size, segment);
    return;
  }
  if (train != nullptr) write_train(*train);
  if (joinable && !segment.pushes) {
    begin(free_train(), packet, size, segment);
  } else {
    write_alone(packet, size, verified);
  }
}

/** A bare ACK waits as a train of one, for another that says the same and more. */
void Coalescer::hold_ack(Train* train, uint8_t* packet, size_t size, const InsideSegment& segment) {
  const uint32_t acknowledged = load32(packet + segment.ip_size + kTcpAcknowledged);
  if (train != nullptr && train->head.bare_ack && same_service(train->first, packet) &&
      acknowledged - train->first_acknowledged <= kMaxAckStretch &&
      supersedes(packet + segment.ip_size, segment.headers_size - segment.ip_size,
                 train->first + train->head.ip_size,
                 train->head.headers_size - train->head.ip_size)) {
    begin(*train, packet, size, segment);
    return;
  }
  if (train != nullptr) write_train(*train);
  Train& held = free_train();
  begin(held, packet, size, segment);
  held.first_acknowledged = acknowledged;
}

Coalescer::Written Coalescer::flush() {
  for (size_t i = 0; i < used_; i++) {
    if (trains_[i].open) write_train(trains_[i]);
  }
  used_ = 0;
  return std::exchange(written_, {});
}

bool Coalescer::joins(uint8_t protocol) const {
  return protocol == IPPROTO_TCP ? joins_tcp_ : joins_udp_;
}

/** A fragment shows no ports: it may belong to any flow between its two hosts. */
void Coalescer::write_all_between(const uint8_t* packet) {
  for (size_t i = 0; i < used_; i++) {
    if (trains_[i].open && same_hosts(trains_[i].first, packet)) write_train(trains_[i]);
  }
}

Coalescer::Train* Coalescer::find(const uint8_t* packet, const InsideSegment& segment) {
  for (size_t i = 0; i < used_; i++) {
    Train& train = trains_[i];
    if (train.open && same_flow(train.first, train.head, packet, segment)) return &train;
  }
  return nullptr;
}

bool Coalescer::fits(const Train& train, const uint8_t* packet,
                     const InsideSegment& segment) const {
  return train.size + segment.payload_size <= kMaxPacket &&
         follows(train.first, train.head, train.packets, train.size - train.head.headers_size,
                 packet, segment);
}

void Coalescer::append(Train& train, uint8_t* packet, const InsideSegment& segment) {
  train.packets++;
  train.parts[train.packets] = {packet + segment.headers_size, segment.payload_size};
  train.size += segment.payload_size;
  if (segment.pushes) train.first[train.head.ip_size + kTcpFlags] |= kPush;
  const bool full_size = segment.payload_size == train.head.payload_size;
  if (segment.pushes || !full_size || train.packets == kMaxParts) write_train(train);
}

void Coalescer::begin(Train& train, uint8_t* packet, size_t size, const InsideSegment& segment) {
  train.open = true;
  train.first = packet;
  train.head = segment;
  train.size = size;
  train.packets = 1;
  train.parts[1] = {packet, size};
}

Coalescer::Train& Coalescer::free_train() {
  for (size_t i = 0; i < used_; i++) {
    if (!trains_[i].open) return trains_[i];
  }
  if (used_ == kTrains) {
    for (Train& train : trains_) write_train(train);
    used_ = 0;
  }
  return trains_[used_++];
}

void Coalescer::write_train(Train& train) {
  train.open = false;
  if (train.packets == 1) {
    write_alone(train.first, train.size, true);
  } else {
    write_joined(train);
  }
}

void Coalescer::write_joined(Train& train) {
  const InsideSegment& head = train.head;
  const bool udp = head.protocol == IPPROTO_UDP;
  uint8_t* packet = train.first;
  write_length(packet, head, train.size);
  // The kernel finishes the checksum: the field holds the pseudo header's sum.
  const size_t checksum_offset = transport_checksum_offset(head.protocol);
  const uint16_t pseudo =
      checksum_fold(checksum_pseudo(packet, head.protocol, train.size - head.ip_size));
  memcpy(packet + head.ip_size + checksum_offset, &pseudo, sizeof pseudo);
  VirtioHeader header;
  header.flags = VirtioHeader::kNeedsChecksum;
  header.gso_type = udp         ? VirtioHeader::kUdp
                    : head.ipv4 ? VirtioHeader::kTcp4
                                : VirtioHeader::kTcp6;
  header.header_size = static_cast<uint16_t>(head.headers_size);
  header.gso_size = static_cast<uint16_t>(head.payload_size);
  header.checksum_start = static_cast<uint16_t>(head.ip_size);
  header.checksum_offset = static_cast<uint16_t>(checksum_offset);
  if (tun_.write(header, train.parts.data(), static_cast<int>(train.packets) + 1)) {
    written_.calls++;
    written_.packets += train.packets;
  } else if (errno == EINVAL || errno == EIO || errno == EOPNOTSUPP) {
    on_refusal(train);
  } else {
    written_.refused += train.packets;
  }
}

/** Only if they pass one by one is it the joining that the device refuses: one that is down says
 * EIO to everything. */
void Coalescer::on_refusal(Train& train) {
  const size_t refused_before = written_.refused;
  write_piecemeal(train);
  if (written_.refused - refused_before == train.packets) return;
  bool& joining = train.head.protocol == IPPROTO_UDP ? joins_udp_ : joins_tcp_;
  if (joining) newly_refused_ = true;
  joining = false;
}

/** Each packet still stands whole before its payload; only the first one's headers were changed. */
void Coalescer::write_piecemeal(Train& train) {
  const InsideSegment& head = train.head;
  uint8_t* first = train.first;
  const size_t first_size = head.headers_size + head.payload_size;
  write_length(first, head, first_size);
  if (head.protocol == IPPROTO_TCP) {  // the first never pushes: it may have got it from the last
    first[head.ip_size + kTcpFlags] &= static_cast<uint8_t>(~kPush);
  }
  write_transport_checksum(first, first_size, head.ip_size, head.protocol);
  write_alone(first, first_size, true);
  for (size_t i = 2; i <= train.packets; i++) {
    const iovec& part = train.parts[i];
    write_alone(static_cast<uint8_t*>(part.iov_base) - head.headers_size,
                head.headers_size + part.iov_len, true);
  }
}

void Coalescer::write_alone(uint8_t* packet, size_t size, bool checksum_verified) {
  iovec parts[2] = {{}, {packet, size}};
  VirtioHeader header;
  if (checksum_verified) header.flags = VirtioHeader::kDataValid;
  if (tun_.write(header, parts, 2)) {
    written_.calls++;
    written_.packets++;
  } else {
    written_.refused++;
  }
}

}  // namespace wolfguard
