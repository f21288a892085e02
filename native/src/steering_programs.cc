#include "steering_programs.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>

#include <cstddef>

#include "bpf_assembler.h"

namespace wolfguard {
namespace {

using Asm = BpfAssembler;
using enum BpfAssembler::Register;
using enum BpfAssembler::Size;

// The packet's header fields that are looked at.
constexpr int kIp4Source = 12, kIp4Destination = 16;
constexpr int kIp6Source = 8, kIp6Destination = 24;
constexpr int kUdpHeaderSize = 8;

// A DTLS record that is a ClientHello, as dtls_hello.cc reads it: the record header (13 bytes), the
// handshake header (12), version (2) and random (32), then the session id with its length.
constexpr int kRecordType = 0, kRecordEpoch = 3, kHandshakeType = 13, kSessionIdLength = 59;
constexpr int kHandshakeRecord = 22, kClientHello = 1, kAppIdSize = 32;

/** Puts ::ffff: in front of the 4 bytes that follow at key + 12. */
void store_mapped_prefix(Asm& code, int key) {
  code.store(k64, r10, key, 0);
  code.store(k32, r10, key + 8, static_cast<int32_t>(htonl(0xffff)));
}

/** Copies from the packet to the stack, where `data` begins for this kind of program. */
void copy_from_packet(Asm& code, int offset, int to_stack, int size, Asm::Label on_failure) {
  code.move(r1, r6);
  code.set(r2, offset);
  code.address(r3, r10, to_stack);
  code.set(r4, size);
  code.call(BPF_FUNC_skb_load_bytes);
  code.jump_unless_equal(r0, 0, on_failure);
}

/** The same from the IP header on, which lies in front of `data` in the outside program. */
void copy_from_ip_header(Asm& code, int offset, int to_stack, int size, Asm::Label on_failure) {
  code.move(r1, r6);
  code.set(r2, offset);
  code.address(r3, r10, to_stack);
  code.set(r4, size);
  code.set(r5, BPF_HDR_START_NET);
  code.call(BPF_FUNC_skb_load_bytes_relative);
  code.jump_unless_equal(r0, 0, on_failure);
}

/** r0 = the value's address; jumps away when there is none. */
void look_up(Asm& code, int map, int key, Asm::Label on_failure) {
  code.load_map(r1, map);
  code.address(r2, r10, key);
  code.call(BPF_FUNC_map_lookup_elem);
  code.jump_if_equal(r0, 0, on_failure);
}

}  // namespace

std::vector<bpf_insn> inside_steering_program(int inside_map) {
  constexpr int kKey = -16, kFirstByte = -24;  // on the stack
  Asm code;
  const auto no_ip = code.make_label(), is_ip6 = code.make_label();
  const auto found_key = code.make_label(), unowned = code.make_label();

  code.move(r6, r1);
  // A TUN device has no link header: data begins at the IP header, and a virtio header comes later.
  copy_from_packet(code, 0, kFirstByte, 1, no_ip);
  code.load(k8, r7, r10, kFirstByte);
  code.shift_right(r7, 4);
  code.jump_if_equal(r7, 6, is_ip6);
  code.jump_unless_equal(r7, 4, no_ip);

  store_mapped_prefix(code, kKey);
  copy_from_packet(code, kIp4Destination, kKey + 12, 4, no_ip);
  code.jump(found_key);

  code.place(is_ip6);
  copy_from_packet(code, kIp6Destination, kKey, 16, no_ip);

  code.place(found_key);
  look_up(code, inside_map, kKey, unowned);
  code.load(k32, r0, r0, 0);
  code.exit();

  code.place(unowned);
  code.load(k8, r0, r10, kKey + 15);
  code.exit();

  code.place(no_ip);
  code.set(r0, 0);
  code.exit();
  return code.finish();
}

std::vector<bpf_insn> outside_steering_program(int endpoint_map, int sockets) {
  // On the stack; the record's 14 first bytes, then the session id's length and first byte.
  constexpr int kKey = -24, kRecord = -40, kSessionId = -48, kWorker = -4;
  Asm code;
  const auto by_endpoint = code.make_label(), is_ip6 = code.make_label();
  const auto found_address = code.make_label(), select = code.make_label();
  const auto pass = code.make_label();

  code.move(r6, r1);
  // Data begins at the UDP header.
  copy_from_packet(code, kUdpHeaderSize, kRecord, kHandshakeType + 1, by_endpoint);
  code.load(k8, r7, r10, kRecord + kRecordType);
  code.jump_unless_equal(r7, kHandshakeRecord, by_endpoint);
  code.load(k8, r7, r10, kRecord + kRecordEpoch);
  code.jump_unless_equal(r7, 0, by_endpoint);
  code.load(k8, r7, r10, kRecord + kRecordEpoch + 1);
  code.jump_unless_equal(r7, 0, by_endpoint);
  code.load(k8, r7, r10, kRecord + kHandshakeType);
  code.jump_unless_equal(r7, kClientHello, by_endpoint);
  copy_from_packet(code, kUdpHeaderSize + kSessionIdLength, kSessionId, 2, by_endpoint);
  code.load(k8, r7, r10, kSessionId);
  code.jump_unless_equal(r7, kAppIdSize, by_endpoint);
  code.load(k8, r7, r10, kSessionId + 1);
  code.jump(select);

  code.place(by_endpoint);
  code.load(k32, r7, r6, offsetof(sk_reuseport_md, eth_protocol));
  code.jump_if_equal(r7, htons(ETH_P_IPV6), is_ip6);
  code.jump_unless_equal(r7, htons(ETH_P_IP), pass);
  store_mapped_prefix(code, kKey);
  copy_from_ip_header(code, kIp4Source, kKey + 12, 4, pass);
  code.jump(found_address);

  code.place(is_ip6);
  copy_from_ip_header(code, kIp6Source, kKey, 16, pass);

  code.place(found_address);
  code.store(k32, r10, kKey + 16, 0);
  copy_from_packet(code, 0, kKey + 16, 2, pass);
  look_up(code, endpoint_map, kKey, pass);
  code.load(k32, r7, r0, 0);

  code.place(select);
  code.store(k32, r10, kWorker, r7);
  code.move(r1, r6);
  code.load_map(r2, sockets);
  code.address(r3, r10, kWorker);
  code.set(r4, 0);
  // A failure (a hello with a number that no worker has) leaves the choice to the kernel.
  code.call(BPF_FUNC_sk_select_reuseport);

  code.place(pass);
  code.set(r0, SK_PASS);
  code.exit();
  return code.finish();
}

}  // namespace wolfguard
