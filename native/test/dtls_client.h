// OpenSSL's own DTLS 1.2 client over datagrams in memory: the other side that the engine's
// handshake and records are tested with. Both kinds: PSK-NEGOTIATE with the App-ID as session id
// [oc 8.2], and the resumption of a session that never was [oc 8.3].
#pragma once

#include <openssl/ssl.h>

#include <deque>
#include <optional>
#include <string>

#include "dtls_handshake.h"

namespace wolfguard {

struct DtlsClientOptions {
  AppId app_id{};
  /** Legacy when it has 48 bytes, else the key of PSK-NEGOTIATE. */
  Bytes secret;
  /** OpenSSL cipher list; "" = all PSK suites of the engine. */
  std::string ciphers;
  /** As GnuTLS and old OpenSSL do: not offered. */
  bool extended_master_secret = true;
};

class DtlsClient {
 public:
  static std::unique_ptr<DtlsClient> create(const DtlsClientOptions& options);

  /** Takes a datagram that the network delivered. */
  void receive(const Bytes& datagram);
  /** Runs OpenSSL until it wants more. */
  void advance();
  /** The retransmission timer has run out (it is set to kTimerUs): sends the last flight again. */
  void time_out();
  /** What is to be sent, in order. */
  Flight take_output();

  bool up() const { return up_; }
  bool failed() const { return failed_; }
  /** The end of the peer's side has been announced. */
  bool closed() const { return closed_; }
  bool send(ByteView text);
  /** The next text that has arrived. */
  std::optional<Bytes> read();
  void close();
  const char* cipher_name() const { return SSL_get_cipher_name(ssl_.get()); }

  /** OpenSSL takes a timer for expired 15 ms early; less would never wait for an answer at all. */
  static constexpr unsigned kTimerUs = 25'000;
  /** After this long it has expired, however fast the machine. */
  static constexpr unsigned kExpiredUs = kTimerUs - 14'000;

 private:
  DtlsClient() = default;
  static BIO_METHOD* bio_method();
  static int bio_write(BIO* bio, const char* data, int size);
  static int bio_read(BIO* bio, char* out, int size);
  static long bio_control(BIO* bio, int command, long number, void* pointer);
  static unsigned int give_psk(SSL* ssl, const char* hint, char* identity,
                               unsigned int max_identity, unsigned char* psk, unsigned int max_psk);
  bool install_session(const DtlsClientOptions& options);

  SslContext context_;
  SslPtr ssl_;
  Bytes psk_;
  std::deque<Bytes> input_, texts_;
  Flight output_;
  bool up_ = false, failed_ = false, closed_ = false;
};

}  // namespace wolfguard
