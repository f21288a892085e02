#include "fuzz.h"

#include <sanitizer/common_interface_defs.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <iterator>

#include "channel_rig.h"
#include "fuzz_acl.h"
#include "fuzz_compression.h"
#include "fuzz_mss_clamp.h"
#include "fuzz_packets.h"
#include "fuzz_proxy_header.h"
#include "inside_packet.h"
#include "mutate.h"
#include "samples.h"

namespace wolfguard::fuzz {

namespace {

/** Cases of a stateful target before it begins anew. */
constexpr int kCasesPerBlock = 200;

/** Target, seed and block under way: what a finding can be run again with. */
char current[160];

void print_current() { [[maybe_unused]] const ssize_t n = write(2, current, strlen(current)); }

}  // namespace

void require(bool condition, const char* what) {
  if (condition) return;
  fprintf(stderr, "fuzz: %s\n", what);
  print_current();
  abort();
}

namespace {

// ─── parsers ──────────────────────────────────────────────────────────────────────────────────

Bytes any_inside_packet(Random& random) {
  const size_t size = 48 + random.below(1400);
  Bytes packet = random.one_in(2) ? samples::ipv4_packet(size, random.byte(), random.byte())
                                  : samples::ipv6_packet(size, random.byte(), random.byte());
  if (random.one_in(4)) packet[packet[0] >> 4 == 4 ? 9 : 6] = random.one_in(2) ? 1 : 58;
  return packet;
}

Bytes any_cstp_stream(Random& random) {
  constexpr uint8_t kTypes[] = {0, 0, 0, 3, 4, 5, 7, 8, 9};
  Bytes stream;
  for (size_t i = 1 + random.below(5); i > 0; i--) {
    const uint8_t type = kTypes[random.below(std::size(kTypes))];
    const Bytes frame = samples::cstp_frame(type, type != 0 ? random.bytes(random.below(64))
                                                  : random.one_in(2) ? any_segment(random)
                                                                     : any_inside_packet(random));
    stream.insert(stream.end(), frame.begin(), frame.end());
  }
  return stream;
}

Bytes any_hello(Random& random) {
  samples::Hello hello;
  for (uint8_t& byte : hello.random) byte = random.byte();
  hello.session_id = Bytes(32, 1);
  hello.session_id[0] = 0;
  if (random.one_in(2)) hello.cookie = random.bytes(32);
  if (random.one_in(3)) hello.app_id_extension = hello.session_id;
  return hello.encode();
}

int fuzz_cstp(Random& random) {
  Bytes stream = mutate(random, any_cstp_stream(random), any_cstp_stream(random));
  CstpReader reader;
  size_t out = 0, in = stream.size();
  for (size_t at = 0; at < stream.size();) {
    const size_t size = 1 + random.below(std::min<size_t>(stream.size() - at, 2000));
    Bytes piece(stream.begin() + static_cast<ptrdiff_t>(at),
                stream.begin() + static_cast<ptrdiff_t>(at + size));
    at += size;
    const bool sound = reader.feed(piece.data(), size, [&](PacketType, uint8_t* data, size_t n) {
      require(n <= kMaxCstpPayload, "an over-long CSTP frame");
      if (n > 0) data[0] ^= 1, data[n - 1] ^= 1;  // may be changed in place
      out += kCstpHeaderSize + n;
      return true;
    });
    if (!sound) break;
  }
  require(out <= in, "more CSTP frames than bytes");
  return 1;
}

int fuzz_inside_packet(Random& random) {
  Bytes packet = mutate(random, any_inside_packet(random), any_inside_packet(random));
  const auto parsed = parse_inside_packet(packet.data(), packet.size());
  if (!parsed) return 1;
  is_real_data(*parsed);
  uint8_t out[1280];
  const size_t size = make_too_big(packet.data(), packet.size(), *parsed,
                                   static_cast<uint32_t>(random.below(2000)), out);
  require(size <= sizeof out, "an ICMP error of more than 1280 bytes");
  if (size > 0) require(parse_inside_packet(out, size).has_value(), "an unsound ICMP error");
  return 1;
}

int fuzz_client_hello(Random& random) {
  const Bytes datagram = mutate(random, any_hello(random), any_hello(random));
  is_client_hello(datagram.data(), datagram.size());
  const auto hello = parse_client_hello(datagram.data(), datagram.size());
  if (!hello) return 1;
  require(is_client_hello(datagram.data(), datagram.size()), "parsed, but no ClientHello");
  static const HelloCookies cookies;
  require(!cookies.verify(samples::endpoint(1, 1), hello->cookie), "a cookie was guessed");
  return 1;
}

// ─── records and datagrams ────────────────────────────────────────────────────────────────────

int fuzz_dtls_records(Random& random) {
  const EVP_CIPHER* const ciphers[] = {EVP_aes_256_gcm(), EVP_aes_128_gcm(),
                                       EVP_chacha20_poly1305()};
  DtlsSecrets secrets;
  secrets.cipher = ciphers[random.below(3)];
  const auto sender = DtlsKeys::create(secrets), receiver = DtlsKeys::create(secrets);
  require(sender && receiver, "no keys");
  Bytes last;
  for (int i = 0; i < kCasesPerBlock; i++) {
    const Bytes text = random.bytes(random.below(1500));
    Bytes record(text.size() + kMaxDtlsOverhead);
    record.resize(
        sender->seal(ContentType::kApplicationData, text.data(), text.size(), record.data()));
    Bytes bad = mutate(random, record, last);
    if (const auto header = parse_dtls_header(bad.data(), bad.size())) {
      const size_t whole = kDtlsHeaderSize + header->length;
      const bool changed = whole != record.size() || memcmp(bad.data(), record.data(), whole) != 0;
      require(!receiver->open(bad.data(), *header) || !changed, "a forged record opened");
    }
    last = record;
    if (const auto header = parse_dtls_header(record.data(), record.size())) {
      receiver->open(record.data(), *header);
    }
  }
  return kCasesPerBlock;
}

Bytes psk() { return Bytes(32, 7); }

/** Everything the client sends in a handshake and after it; `network` brings it to the engine. */
std::unique_ptr<DtlsClient> connect(ChannelRig& rig, std::vector<Bytes>* captured) {
  auto client = DtlsClient::create({ChannelRig::app_id_of(1), psk(), "", true});
  client->advance();
  for (int round = 0; round < 5; round++) {
    if (client->up()) client->send(Bytes{3, 1, 2, 3});
    for (const Bytes& datagram : client->take_output()) {
      captured->push_back(datagram);
      rig.send(datagram);
    }
    for (const Bytes& datagram : rig.receive()) client->receive(datagram);
    client->advance();
  }
  require(client->up(), "the client could not connect");
  while (client->read()) {
  }
  return client;
}

/** Datagrams and messages of other workers at a channel that is up: it must stay so. */
int fuzz_channel(Random& random, bool by_links) {
  ChannelRig rig;
  Tunnel* tunnel = rig.add_tunnel(1, psk());
  rig.add_tunnel(2, Bytes(48, 7));
  std::vector<Bytes> captured;
  const auto client = connect(rig, &captured);
  for (int i = 0; i < kCasesPerBlock; i++) {
    captured.back() = any_hello(random);
    Bytes datagram = mutate(random, captured[random.below(captured.size())],
                            captured[random.below(captured.size())]);
    const size_t from = random.below(2);
    if (!by_links) {
      rig.send(datagram, from);
    } else {
      rig.send_link(static_cast<LinkKind>(2 + random.below(4)), datagram, from);
    }
    rig.receive(0);
    rig.receive(1);
  }
  require(tunnel->active.keys != nullptr, "strangers have closed a channel");
  client->send(Bytes{3, 9});
  for (const Bytes& datagram : client->take_output()) rig.send(datagram);
  for (const Bytes& datagram : rig.receive()) client->receive(datagram);
  client->advance();
  const auto answer = client->read();
  require(answer && *answer == (Bytes{4, 9}), "the channel does not answer any more");
  return kCasesPerBlock;
}

int fuzz_datagrams(Random& random) { return fuzz_channel(random, false); }
int fuzz_worker_messages(Random& random) { return fuzz_channel(random, true); }

/** One datagram of a handshake is wrong: no channel may come up but the true client's. */
int fuzz_dtls_handshake(Random& random) {
  ChannelRig rig;
  Tunnel* tunnel = rig.add_tunnel(1, psk());
  const auto client = DtlsClient::create({ChannelRig::app_id_of(1), psk(), "", true});
  client->advance();
  Bytes other = any_hello(random);
  for (int round = 0; round < 4; round++) {
    for (const Bytes& datagram : client->take_output()) {
      rig.send(random.one_in(2) ? mutate(random, datagram, other) : datagram);
      other = datagram;
    }
    for (const Bytes& datagram : rig.receive()) client->receive(datagram);
    client->advance();
  }
  if (tunnel->active.keys) require(rig.events.size() == 1, "opened more than once");
  return 1;
}

int fuzz_link_header(Random& random) {
  const WorkerLinks links(0, {-1, -1});
  Bytes good(WorkerLinks::kHeaderSize);
  good[0] = static_cast<uint8_t>(1 + random.below(5));
  good[3] = static_cast<uint8_t>(random.below(3));
  const Bytes payload = any_hello(random);
  good.insert(good.end(), payload.begin(), payload.end());
  Bytes bad = mutate(random, good, payload);
  LinkMessage message;
  if (links.parse(bad.data(), bad.size(), &message)) {
    require(message.from_worker < 2, "a worker that is not");
    require(message.payload + message.size == bad.data() + bad.size(), "a wrong payload");
  }
  return 1;
}

/** As TLS records of one receive: none of them is freed before the TUN device has its packets. */
void feed_in_records(Random& random, ChannelRig& rig, Tunnel& tunnel, const Bytes& stream) {
  std::vector<Bytes> records;
  for (size_t at = 0; at < stream.size();) {
    const size_t size = 1 + random.below(std::min<size_t>(stream.size() - at, 600));
    records.emplace_back(stream.begin() + static_cast<ptrdiff_t>(at),
                         stream.begin() + static_cast<ptrdiff_t>(at + size));
    at += size;
  }
  for (Bytes& record : records) {
    rig.inbound().on_early_text(tunnel, record.data(), record.size());
    if (tunnel.state != Tunnel::State::kUp) break;
  }
  rig.flush();
}

/** Frames of a client that is logged in, by both channels, through all that they cause. */
int fuzz_inbound(Random& random) {
  ChannelRig rig(TunOffload::kTcpAndUdp);
  std::vector<Bytes> captured;
  Tunnel* tunnel = rig.add_tunnel(1, psk());
  tunnel->params.has_inside4 = tunnel->params.has_inside6 = true;
  const uint8_t inside[4] = {10, 77, 0, 2};
  tunnel->params.inside4 = map_ipv4(inside);
  tunnel->params.inside6 = {0xfd};
  tunnel->params.inside6_prefix = 64;
  constexpr Compression kAgreed[] = {Compression::kNone, Compression::kLz4, Compression::kLzs};
  tunnel->params.tls_compression = kAgreed[random.below(3)];
  tunnel->params.dtls_compression = kAgreed[random.below(3)];
  const auto client = connect(rig, &captured);
  for (int i = 0; i < kCasesPerBlock; i++) {
    Bytes stream = any_cstp_stream(random);
    for (int more = 0; more < 4; more++) {
      const Bytes next = any_cstp_stream(random);
      stream.insert(stream.end(), next.begin(), next.end());
    }
    if (random.one_in(2)) stream = mutate(random, stream, any_cstp_stream(random));
    if (random.one_in(3)) {
      rig.inbound().on_dtls_text(*tunnel, stream.data(), stream.size());
      rig.flush();
    } else {
      feed_in_records(random, rig, *tunnel, stream);
    }
    tunnel->state = Tunnel::State::kUp;  // it is over often; the next case is another client's
    tunnel->reader = {};
    rig.receive();
    for (const Bytes& message : rig.read_tun()) {
      require(message.size() >= sizeof(VirtioHeader) + 20, "a TUN write without a packet");
    }
  }
  return kCasesPerBlock;
}

// ─── the campaign ─────────────────────────────────────────────────────────────────────────────

struct Target {
  const char* name;
  /** A block of cases; how many. */
  int (*run)(Random& random);
};

constexpr Target kTargets[] = {{"CSTP streams", fuzz_cstp},
                               {"inside packets", fuzz_inside_packet},
                               {"TCP options", fuzz_mss_clamp},
                               {"programs and packets of a filter", fuzz_acl},
                               {"PROXY headers", fuzz_proxy_header},
                               {"compressed packets", fuzz_compression},
                               {"ClientHellos", fuzz_client_hello},
                               {"DTLS records", fuzz_dtls_records},
                               {"DTLS handshakes", fuzz_dtls_handshake},
                               {"datagrams at a channel", fuzz_datagrams},
                               {"messages of workers", fuzz_link_header},
                               {"messages of workers at a channel", fuzz_worker_messages},
                               {"frames of a client", fuzz_inbound},
                               {"joining", fuzz_joining},
                               {"super-packets", fuzz_super_packets}};

int64_t now_ms() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1000000;
}

}  // namespace

std::vector<std::string> names() {
  std::vector<std::string> all;
  for (const Target& target : kTargets) all.emplace_back(target.name);
  return all;
}

uint64_t run(const std::string& name, uint64_t seed, int64_t milliseconds) {
  __sanitizer_set_death_callback(print_current);
  uint64_t cases = 0;
  const int64_t until = now_ms() + milliseconds;
  for (const Target& target : kTargets) {
    if (name != target.name) continue;
    for (uint64_t block = 0; now_ms() < until; block++) {
      snprintf(current, sizeof current, "fuzz: target \"%s\", seed %llu, block %llu\n", target.name,
               static_cast<unsigned long long>(seed), static_cast<unsigned long long>(block));
      Random random(seed * 0x2545f4914f6cdd1du + block);
      cases += static_cast<uint64_t>(target.run(random));
    }
  }
  return cases;
}

}  // namespace wolfguard::fuzz
