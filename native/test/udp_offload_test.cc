// Super-packets of UDP: what goes into one comes out as the very same datagrams.
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>

#include <cerrno>
#include <cstddef>
#include <map>
#include <thread>

#include "checksum.h"
#include "coalescer.h"
#include "random.h"
#include "samples.h"
#include "segmenter.h"
#include "super_packets.h"
#include "unit.h"

namespace wolfguard {
namespace {

constexpr size_t kUdp4Headers = 28, kUdp6Headers = 48;

/** Each flow of the samples has hosts of its own: between two hosts all keeps its order. */
Bytes hosts_of(const Bytes& packet) {
  const bool ipv4 = packet[0] >> 4 == 4;
  return Bytes(packet.begin() + (ipv4 ? 12 : 8), packet.begin() + (ipv4 ? 20 : 40));
}

/** The identification of a packet that never becomes fragments means nothing [rfc6864 4.1]. */
Bytes without_idle_id(Bytes packet) {
  if (packet[0] == 0x45 && packet[6] == 0x40) {
    store16(&packet[4], 0);
    write_ipv4_checksum(packet.data());
  }
  return packet;
}

void write_options(Bytes* packet) {
  (*packet)[0] = 0x46;
  packet->insert(packet->begin() + 20, {1, 1, 1, 0});
  store16(&(*packet)[2], static_cast<uint16_t>(packet->size()));
  write_ipv4_checksum(packet->data());
}

void make_fragment(Bytes* packet, uint16_t field) {
  store16(&(*packet)[6], field);
  write_ipv4_checksum(packet->data());
}

std::vector<Bytes> datagrams(size_t count, size_t size, bool ipv4) {
  std::vector<Bytes> all;
  for (size_t i = 0; i < count; i++) {
    samples::UdpDatagram datagram;
    datagram.ipv4 = ipv4;
    datagram.ip_id = static_cast<uint16_t>(i);
    datagram.payload = Bytes(size, static_cast<uint8_t>(i));
    all.push_back(datagram.encode());
  }
  return all;
}

/** Adds copies that live until the flush; what the device then has. */
std::vector<Written> join(const std::vector<Bytes>& packets) {
  FakeTun tun;
  Coalescer coalescer(TunQueue(tun.engine_fd(), TunOffload::kTcpAndUdp));
  std::vector<Bytes> copies = packets;
  for (Bytes& packet : copies) {
    packet.shrink_to_fit();
    coalescer.add(packet.data(), packet.size());
  }
  CHECK_EQUAL(coalescer.flush().refused, size_t{0});
  CHECK(!coalescer.take_joining_refused());
  return read_written(tun);
}

std::vector<Bytes> cut_all(const std::vector<Written>& written) {
  std::vector<Bytes> all;
  for (const Written& one : written) {
    for (Bytes& packet : cut(one)) all.push_back(std::move(packet));
  }
  return all;
}

/** One virtio header and packet, as the kernel hands over what a sender with UDP_SEGMENT made. */
Written super_packet(const samples::UdpDatagram& whole, size_t gso_size) {
  Written made{{}, whole.encode()};
  const size_t ip_size = whole.ipv4 ? 20 : 40;
  made.header.flags = VirtioHeader::kNeedsChecksum;
  made.header.gso_type = VirtioHeader::kUdp;
  made.header.gso_size = static_cast<uint16_t>(gso_size);
  made.header.checksum_start = static_cast<uint16_t>(ip_size);
  made.header.checksum_offset = 6;
  store16(&made.packet[ip_size + 6], 0x5555);  // half a checksum, whatever it is
  return made;
}

/** From now on the kernel refuses this thread any write of more than a header and one packet. */
void refuse_super_packets() {
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_writev, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args[2])),
      BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, 2, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog filter{std::size(program), program};
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) {
    unit::fail(__FILE__, __LINE__, "no seccomp here");
  }
}

}  // namespace

UNIT_TEST("datagrams and fragments of many flows come back as they were, order kept") {
  for (uint64_t seed = 1; seed <= 300; seed++) {
    Random random(seed);
    struct Flow {
      bool ipv4, dont_fragment, counts;
      size_t size;
      uint16_t ip_id;
    };
    std::vector<Flow> flows;
    for (int i = 0; i < 20; i++) {
      const size_t most = random.one_in(3) ? 3 : random.one_in(10) ? 9000 : 1400;
      flows.push_back({random.one_in(2), random.one_in(2), !random.one_in(4), random.below(most),
                       static_cast<uint16_t>(random.next())});
    }
    const size_t in_use = 1 + random.below(flows.size());
    std::vector<Bytes> packets;
    std::map<Bytes, std::vector<Bytes>> expected, actual;
    for (int i = 0; i < 300; i++) {
      const size_t which = random.below(in_use);
      Flow& flow = flows[which];
      samples::UdpDatagram datagram;
      datagram.ipv4 = flow.ipv4;
      datagram.flow = static_cast<uint8_t>(which);
      datagram.dont_fragment = flow.dont_fragment;
      datagram.ip_id = flow.counts ? flow.ip_id++ : static_cast<uint16_t>(random.next());
      datagram.payload = random.bytes(random.one_in(8) ? random.below(flow.size + 2) : flow.size);
      if (random.one_in(40)) datagram.ttl = 63;
      if (random.one_in(40)) datagram.traffic_class = 0xb8;
      if (random.one_in(40)) datagram.dont_fragment = !datagram.dont_fragment;
      if (random.one_in(40)) datagram.has_checksum = false;
      Bytes packet = datagram.encode();
      if (random.one_in(40)) packet.back() ^= 1;  // a wrong checksum stays wrong
      if (flow.ipv4) {
        if (random.one_in(40)) packet[11] ^= 1;  // the IP header's too
        if (random.one_in(40)) write_options(&packet);
        if (random.one_in(40)) make_fragment(&packet, 0x2000);
        if (random.one_in(40)) make_fragment(&packet, 0x0010);
      } else if (random.one_in(40)) {
        packet[6] = 44;  // a fragment header
      }
      expected[hosts_of(packet)].push_back(without_idle_id(packet));
      packets.push_back(std::move(packet));
    }
    for (const Bytes& packet : cut_all(join(packets))) {
      actual[hosts_of(packet)].push_back(without_idle_id(packet));
    }
    CHECK(actual == expected);
  }
}

UNIT_TEST("a stream of datagrams leaves as few super-packets of at most 64 and 64 KiB") {
  struct Case {
    size_t size, writes;
  };
  for (const bool ipv4 : {true, false}) {
    for (const auto& [size, writes] : {Case{1, 3}, Case{36, 3}, Case{1400, 3}, Case{9000, 19}}) {
      const auto packets = datagrams(130, size, ipv4);
      const auto out = join(packets);
      CHECK_EQUAL(out.size(), writes);
      CHECK(cut_all(out) == packets);
      for (const Written& one : out) {
        CHECK(one.packet.size() <= 65535);
        CHECK_EQUAL(one.header.gso_size, size);
        CHECK_EQUAL(one.header.gso_type, VirtioHeader::kUdp);
        CHECK_EQUAL(one.header.flags, VirtioHeader::kNeedsChecksum);
        CHECK_EQUAL(one.header.header_size, ipv4 ? kUdp4Headers : kUdp6Headers);
        CHECK_EQUAL(one.header.checksum_offset, 6);
      }
    }
  }
}

UNIT_TEST("a datagram that is shorter ends its super-packet, a longer one begins the next") {
  std::vector<Bytes> packets;
  for (const size_t size : {50, 50, 20, 20, 50, 51, 51, 0, 51}) {
    packets.push_back(datagrams(1, size, false)[0]);
  }
  const auto out = join(packets);
  std::vector<size_t> payloads;
  for (const Written& one : out) payloads.push_back(one.packet.size() - kUdp6Headers);
  CHECK(payloads == std::vector<size_t>({120, 20, 50, 102, 0, 51}));
  CHECK(cut_all(out) == packets);
}

UNIT_TEST("datagrams without DF are joined only where their identifications count up") {
  std::vector<Bytes> packets;
  for (const uint16_t id : {0xfffe, 0xffff, 0, 1, 3, 4, 4}) {
    samples::UdpDatagram datagram;
    datagram.dont_fragment = false;
    datagram.ip_id = id;
    datagram.payload = Bytes(10, 1);
    packets.push_back(datagram.encode());
  }
  const auto out = join(packets);
  CHECK_EQUAL(out.size(), size_t{3});
  CHECK(cut_all(out) == packets);
}

UNIT_TEST("a datagram passes the coalescer as it is, at every cut") {
  for (const bool ipv4 : {true, false}) {
    const Bytes whole = datagrams(1, 60, ipv4)[0];
    for (size_t size = 20; size <= whole.size(); size++) {
      const Bytes part(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size));
      const auto out = join({part});
      REQUIRE(out.size() == 1);
      CHECK(out[0].packet == part);
      CHECK_EQUAL(out[0].header.gso_type, VirtioHeader::kNone);
    }
  }
}

UNIT_TEST("a device that takes super-packets of TCP only gets every datagram by itself, at once") {
  FakeTun tun;
  Coalescer coalescer(TunQueue(tun.engine_fd(), TunOffload::kTcp));
  auto packets = datagrams(5, 100, true);
  for (Bytes& packet : packets) coalescer.add(packet.data(), packet.size());
  CHECK(cut_all(read_written(tun)) == packets);
}

UNIT_TEST("super-packets that the device refuses are written one by one, unchanged and in order") {
  std::vector<Bytes> packets, tcp;
  for (size_t i = 0; i < 40; i++) {
    samples::UdpDatagram datagram;
    datagram.ipv4 = i % 2 == 0;
    datagram.flow = static_cast<uint8_t>(i % 4);
    datagram.ip_id = static_cast<uint16_t>(i / 4);
    datagram.payload = Bytes(i < 36 ? 100 : 30, static_cast<uint8_t>(i));
    packets.push_back(datagram.encode());
  }
  for (size_t i = 0; i < 3; i++) {
    samples::TcpSegment segment;
    segment.sequence = static_cast<uint32_t>(i * 100);
    segment.ip_id = static_cast<uint16_t>(i);
    segment.payload = Bytes(100, 1);
    if (i == 2) segment.flags |= 0x08;
    tcp.push_back(segment.encode());
  }
  std::map<Bytes, std::vector<Bytes>> expected, actual;
  for (const Bytes& packet : packets) expected[hosts_of(packet)].push_back(packet);
  for (const Bytes& packet : tcp) expected[hosts_of(packet)].push_back(packet);
  FakeTun tun;
  std::vector<std::string> failures;
  // seccomp stays with a thread.
  std::thread([&] {
    refuse_super_packets();
    Coalescer coalescer(TunQueue(tun.engine_fd(), TunOffload::kTcpAndUdp));
    for (Bytes& packet : packets) coalescer.add(packet.data(), packet.size());
    CHECK_EQUAL(coalescer.flush().refused, size_t{0});
    CHECK(coalescer.take_joining_refused());
    CHECK(!coalescer.take_joining_refused());
    // TCP is asked for by itself: an older kernel may know that only.
    for (Bytes& packet : tcp) coalescer.add(packet.data(), packet.size());
    CHECK_EQUAL(coalescer.flush().refused, size_t{0});
    CHECK(coalescer.take_joining_refused());
  }).join();
  for (const Written& one : read_written(tun)) {
    CHECK_EQUAL(one.header.gso_type, VirtioHeader::kNone);
    actual[hosts_of(one.packet)].push_back(one.packet);
  }
  CHECK(actual == expected);
}

UNIT_TEST("a device that takes nothing at all has lost packets, but has not refused joining") {
  // A timer answers every write with EINVAL, as a device that is down does with EIO.
  const Fd deaf(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC));
  Coalescer coalescer(TunQueue(deaf.get(), TunOffload::kTcpAndUdp));
  auto packets = datagrams(3, 100, true);
  for (Bytes& packet : packets) coalescer.add(packet.data(), packet.size());
  CHECK_EQUAL(coalescer.flush().refused, size_t{3});
  CHECK(!coalescer.take_joining_refused());
}

UNIT_TEST("a super-packet of datagrams is cut: lengths, checksums, identifications") {
  for (const bool ipv4 : {true, false}) {
    for (const size_t size : {1, 2, 35, 1372, 16000}) {
      for (const size_t count : {2, 3, 64}) {
        if (size * count > 65000) continue;
        Random random(size * count);
        samples::UdpDatagram whole;
        whole.ipv4 = ipv4;
        whole.ip_id = 0xfffe;
        whole.payload = random.bytes(size * count - size / 2);
        const auto parts = cut(super_packet(whole, size));
        REQUIRE(CHECK_EQUAL(parts.size(), count));
        for (size_t i = 0; i < count; i++) {
          samples::UdpDatagram datagram = whole;
          datagram.ip_id = static_cast<uint16_t>(whole.ip_id + i);
          const auto from = whole.payload.begin() + static_cast<ptrdiff_t>(i * size);
          const size_t rest = std::min(size, whole.payload.size() - i * size);
          datagram.payload.assign(from, from + static_cast<ptrdiff_t>(rest));
          CHECK(parts[i] == datagram.encode());
        }
      }
    }
  }
}

UNIT_TEST("a datagram whose checksum comes to zero bears 0xffff, cut or joined") {
  for (const bool ipv4 : {true, false}) {
    samples::UdpDatagram datagram;
    datagram.ipv4 = ipv4;
    datagram.payload = {0, 0};
    const size_t field = (ipv4 ? 20 : 40) + 6;
    // What its checksum would be makes it zero as payload.
    const uint16_t sum = load16(&datagram.encode()[field]);
    store16(&datagram.payload[0], sum);
    const Bytes alone = datagram.encode();
    CHECK_EQUAL(load16(&alone[field]), 0xffff);
    samples::UdpDatagram both = datagram;
    both.payload.insert(both.payload.end(), datagram.payload.begin(), datagram.payload.end());
    const auto parts = cut(super_packet(both, 2));
    REQUIRE(parts.size() == 2);
    CHECK(parts[0] == alone);
    CHECK_EQUAL(load16(&parts[1][field]), 0xffff);
    const auto out = join(parts);
    CHECK_EQUAL(out.size(), size_t{1});
    CHECK(cut_all(out) == parts);
    // The same without a checksum looks right to a sum over all: cut again it would bear one.
    datagram.has_checksum = false;
    const std::vector<Bytes> bare(2, datagram.encode());
    CHECK(cut_all(join(bare)) == bare);
  }
}

UNIT_TEST("a virtio header that does not fit its datagrams is refused") {
  for (int field = 0; field < 6; field++) {
    samples::UdpDatagram datagram;
    datagram.payload = Bytes(300, 1);
    Written bad = super_packet(datagram, 100);
    if (field == 0) bad.header.gso_size = 0;
    if (field == 1) bad.header.gso_type = 3;  // fragmentation by the device: never asked for
    if (field == 2) bad.header.checksum_start = 0xffff;
    if (field == 3) bad.header.checksum_start = 321;
    if (field == 4) bad.packet.resize(kUdp4Headers);  // no payload
    if (field == 5) bad.packet[0] = 0x60;             // IPv6 whose header ends after 20 bytes
    bad.packet.shrink_to_fit();
    CHECK(!segment(bad.header, bad.packet.data(), bad.packet.size(), [](uint8_t*, size_t) {}));
  }
}

}  // namespace wolfguard
