#include "coalescer.h"

#include <netinet/in.h>

#include <cerrno>

#include "checksum.h"

namespace wolfguard {

namespace {

constexpr size_t kIpv4HeaderSize = 20, kIpv6HeaderSize = 40, kTcpHeaderSize = 20;
constexpr uint8_t kAck = 0x10, kPush = 0x08;
/** The length field of an IPv4 packet; kept for IPv6 too. */
constexpr size_t kMaxPacket = 65535;

}  // namespace

struct Coalescer::Segment {
  bool ipv4;
  size_t ip_size, tcp_size, payload_size;
  uint32_t sequence;
  uint8_t flags;
};

void Coalescer::add(uint8_t* packet, size_t size) {
  Segment segment;
  if (!joining_ || !parse(packet, size, &segment)) {
    write_alone(packet, size, false);
    return;
  }
  Train* train = find(packet, segment);
  const bool plain = (segment.flags & ~kPush) == kAck && segment.payload_size > 0;
  const bool verified = checksum_is_right(packet, size, segment);
  const bool ends = (segment.flags & kPush) != 0;
  if (plain && verified && train != nullptr && joins(*train, packet, segment)) {
    const bool full_size = segment.payload_size == train->segment_size;
    train->parts[static_cast<size_t>(train->packets) + 1] = {
        packet + segment.ip_size + segment.tcp_size, segment.payload_size};
    train->packets++;
    train->size += segment.payload_size;
    train->next_sequence += static_cast<uint32_t>(segment.payload_size);
    train->first[train->ip_size + 13] |= segment.flags & kPush;
    if (ends || !full_size || train->packets == kMaxParts) write_train(*train);
    return;
  }
  if (train != nullptr) write_train(*train);  // the order within a flow stays
  if (!plain || !verified || ends) {
    write_alone(packet, size, verified);
    return;
  }
  begin(free_train(), packet, size, segment);
}

size_t Coalescer::flush() {
  for (int i = 0; i < used_; i++) {
    if (trains_[static_cast<size_t>(i)].open) write_train(trains_[static_cast<size_t>(i)]);
  }
  used_ = 0;
  return std::exchange(refused_, 0);
}

/** TCP without IP options, fragments or extension headers, and of exactly this size. */
bool Coalescer::parse(const uint8_t* packet, size_t size, Segment* segment) {
  if (size < kIpv4HeaderSize + kTcpHeaderSize) return false;
  segment->ipv4 = packet[0] == 0x45;
  if (segment->ipv4) {
    // 0x3fff: more fragments, and the offset.
    if (packet[9] != IPPROTO_TCP || load16(packet + 2) != size ||
        (load16(packet + 6) & 0x3fff) != 0) {
      return false;
    }
    segment->ip_size = kIpv4HeaderSize;
  } else {
    if (packet[0] >> 4 != 6 || size < kIpv6HeaderSize + kTcpHeaderSize ||
        packet[6] != IPPROTO_TCP || load16(packet + 4) + kIpv6HeaderSize != size) {
      return false;
    }
    segment->ip_size = kIpv6HeaderSize;
  }
  const uint8_t* tcp = packet + segment->ip_size;
  segment->tcp_size = (tcp[12] >> 4) * 4u;
  if (segment->tcp_size < kTcpHeaderSize || segment->ip_size + segment->tcp_size > size) {
    return false;
  }
  segment->payload_size = size - segment->ip_size - segment->tcp_size;
  segment->sequence = load32(tcp + 4);
  segment->flags = tcp[13];
  return true;
}

bool Coalescer::same_flow(const Train& train, const uint8_t* packet, const Segment& segment) {
  if (train.ip_size != segment.ip_size) return false;
  const size_t addresses = segment.ipv4 ? 12 : 8;
  // Addresses and ports stand side by side: no IP options.
  return memcmp(train.first + addresses, packet + addresses, segment.ip_size - addresses + 4) == 0;
}

bool Coalescer::joins(const Train& train, const uint8_t* packet, const Segment& segment) {
  if (segment.sequence != train.next_sequence || segment.payload_size > train.segment_size ||
      segment.tcp_size != train.tcp_size || train.size + segment.payload_size > kMaxPacket) {
    return false;
  }
  const uint8_t* a = train.first;
  const bool ip_agrees =
      segment.ipv4 ? a[1] == packet[1] && a[8] == packet[8] && memcmp(a + 6, packet + 6, 2) == 0
                   : memcmp(a, packet, 4) == 0 && a[7] == packet[7];
  const uint8_t* ta = a + train.ip_size;
  const uint8_t* tb = packet + segment.ip_size;
  // Acknowledgement, data offset, window, urgent pointer and options.
  return ip_agrees && memcmp(ta + 8, tb + 8, 5) == 0 && memcmp(ta + 14, tb + 14, 2) == 0 &&
         memcmp(ta + 18, tb + 18, segment.tcp_size - 18) == 0;
}

bool Coalescer::checksum_is_right(const uint8_t* packet, size_t size, const Segment& segment) {
  const size_t tcp_size = size - segment.ip_size;
  return checksum_fold(checksum_add(packet + segment.ip_size, tcp_size,
                                    checksum_pseudo(packet, IPPROTO_TCP, tcp_size))) == 0xffff;
}

Coalescer::Train* Coalescer::find(const uint8_t* packet, const Segment& segment) {
  for (int i = 0; i < used_; i++) {
    Train& train = trains_[static_cast<size_t>(i)];
    if (train.open && same_flow(train, packet, segment)) return &train;
  }
  return nullptr;
}

void Coalescer::begin(Train& train, uint8_t* packet, size_t size, const Segment& segment) {
  train.open = true;
  train.first = packet;
  train.ip_size = segment.ip_size;
  train.tcp_size = segment.tcp_size;
  train.segment_size = segment.payload_size;
  train.size = size;
  train.next_sequence = segment.sequence + static_cast<uint32_t>(segment.payload_size);
  train.packets = 1;
  train.parts[1] = {packet, size};
}

Coalescer::Train& Coalescer::free_train() {
  for (int i = 0; i < used_; i++) {
    if (!trains_[static_cast<size_t>(i)].open) return trains_[static_cast<size_t>(i)];
  }
  if (used_ == kTrains) {
    for (Train& train : trains_) write_train(train);
    used_ = 0;
  }
  return trains_[static_cast<size_t>(used_++)];
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
  uint8_t* packet = train.first;
  const bool ipv4 = train.ip_size == kIpv4HeaderSize;
  if (ipv4) {
    store16(packet + 2, static_cast<uint16_t>(train.size));
    write_ipv4_checksum(packet);
  } else {
    store16(packet + 4, static_cast<uint16_t>(train.size - kIpv6HeaderSize));
  }
  // The kernel finishes the checksum: the field holds the pseudo header's sum.
  const uint16_t pseudo =
      checksum_fold(checksum_pseudo(packet, IPPROTO_TCP, train.size - train.ip_size));
  memcpy(packet + train.ip_size + 16, &pseudo, sizeof pseudo);
  VirtioHeader header;
  header.flags = VirtioHeader::kNeedsChecksum;
  header.gso_type = ipv4 ? VirtioHeader::kTcp4 : VirtioHeader::kTcp6;
  header.header_size = static_cast<uint16_t>(train.ip_size + train.tcp_size);
  header.gso_size = static_cast<uint16_t>(train.segment_size);
  header.checksum_start = static_cast<uint16_t>(train.ip_size);
  header.checksum_offset = 16;
  if (tun_.write(header, train.parts.data(), train.packets + 1)) return;
  if (errno == EINVAL || errno == EIO || errno == EOPNOTSUPP) {
    newly_refused_ = joining_;
    joining_ = false;
    write_piecemeal(train);
  } else {
    refused_ += static_cast<size_t>(train.packets);
  }
}

/** Each packet still stands whole before its payload; only the first one's headers were changed. */
void Coalescer::write_piecemeal(Train& train) {
  const size_t headers = train.ip_size + train.tcp_size;
  uint8_t* first = train.first;
  const size_t first_size = headers + train.segment_size;
  if (train.ip_size == kIpv4HeaderSize) {
    store16(first + 2, static_cast<uint16_t>(first_size));
    write_ipv4_checksum(first);
  } else {
    store16(first + 4, static_cast<uint16_t>(first_size - kIpv6HeaderSize));
  }
  uint8_t* tcp = first + train.ip_size;
  const size_t tcp_size = first_size - train.ip_size;
  tcp[16] = tcp[17] = 0;
  const auto sum = static_cast<uint16_t>(
      ~checksum_fold(checksum_add(tcp, tcp_size, checksum_pseudo(first, IPPROTO_TCP, tcp_size))));
  memcpy(tcp + 16, &sum, sizeof sum);
  write_alone(first, first_size, true);
  for (int i = 1; i < train.packets; i++) {
    const iovec& part = train.parts[static_cast<size_t>(i) + 1];
    write_alone(static_cast<uint8_t*>(part.iov_base) - headers, headers + part.iov_len, true);
  }
}

void Coalescer::write_alone(uint8_t* packet, size_t size, bool checksum_verified) {
  iovec parts[2] = {{}, {packet, size}};
  VirtioHeader header;
  if (checksum_verified) header.flags = VirtioHeader::kDataValid;
  if (!tun_.write(header, parts, 2)) refused_++;
}

}  // namespace wolfguard
