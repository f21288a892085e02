// A TLS connection in memory: OpenSSL's client on one side, the engine's stream on the other, and
// the engine's keys in hand, so that records of any kind can be forged in the client's name.
#pragma once

#include "own_records.h"
#include "tls_context.h"
#include "tls_stream.h"

namespace wolfguard {

/** One key and certificate for all tests: making them takes longer than a handshake. */
const TlsOptions& server_options();

struct TlsPairOptions {
  bool tls13 = true;
  /** OpenSSL's name of the suite, or several with colons between them, as the client wants them. */
  const char* suite = "TLS_AES_256_GCM_SHA384";
  /** RFC 6066's code for a smaller record size; 0 = not asked for. */
  uint8_t max_fragment_length = 0;
  /** The server hears its client in pieces of this size. */
  size_t piece = SIZE_MAX;
  /** The server's list for TLS 1.2, "" = the engine's own, and its hardware. */
  const char* server_ciphers = "ECDHE+AESGCM:ECDHE+CHACHA20:ECDHE+AES";
  bool aes_hardware = true;
};

/** Every suite that the engine takes over. */
struct TlsSuite {
  bool tls13;
  const char* name;
};
inline constexpr TlsSuite kTlsSuites[] = {
    {true, "TLS_AES_256_GCM_SHA384"},         {true, "TLS_AES_128_GCM_SHA256"},
    {true, "TLS_CHACHA20_POLY1305_SHA256"},   {false, "ECDHE-ECDSA-AES256-GCM-SHA384"},
    {false, "ECDHE-ECDSA-AES128-GCM-SHA256"}, {false, "ECDHE-ECDSA-CHACHA20-POLY1305"},
};

class TlsPair {
 public:
  explicit TlsPair(const TlsPairOptions& options = {});
  explicit TlsPair(const TlsSuite& suite) : TlsPair(TlsPairOptions{suite.tls13, suite.name}) {}

  /** The handshake has come to its end. */
  bool up() const { return up_; }
  TlsStream& stream() { return *stream_; }
  std::unique_ptr<TlsStream> release_stream() { return std::move(stream_); }
  SSL* client() { return client_.get(); }

  /** The client's records for that text. */
  Bytes client_seal(ByteView text);
  /** What the client has gathered beside: answers, alerts. */
  Bytes client_output();
  /** All text of these records, as the client opens them; nullopt: it refuses them. */
  std::optional<Bytes> client_open(ByteView records);

  /** The records that the engine's keys make; nullptr when they cannot be had. */
  std::unique_ptr<OwnRecords> take_over(uint64_t records_per_key = OwnRecords::kRecordsPerKey);
  /** One record with the client's keys, as no OpenSSL would send it. `inner`: TLS 1.3's type. */
  Bytes forge(uint8_t outer_type, ByteView text, uint8_t inner_type = 23, size_t padding = 0);

 private:
  void feed_stream(const Bytes& bytes, size_t piece);

  SslContext server_context_, client_context_;
  std::unique_ptr<TlsStream> stream_;
  SslPtr client_;
  std::optional<TlsSecrets> secrets_;
  bool up_ = false;
};

/** What a feed of these bytes, in a block of their exact size, brings; the last status. */
struct Opened {
  Bytes text;
  TlsRecords::Status status;
};
Opened open_all(TlsRecords& records, ByteView bytes);

}  // namespace wolfguard
