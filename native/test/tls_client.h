// OpenSSL's TLS client over bytes in memory, and a server context to meet it with.
#pragma once

#include <memory>

#include "tls_context.h"
#include "tls_stream.h"

namespace wolfguard {

/** A context of the server that all tests share. */
SslContext make_server_context();

class TlsClient {
 public:
  /** `version`: TLS1_2_VERSION or TLS1_3_VERSION. */
  explicit TlsClient(int version);

  /** What the server has sent. */
  void receive(const Bytes& data);
  /** What is to be sent. */
  Bytes take_output();
  /** Goes on with the handshake; true when it is done. */
  bool handshake();
  bool send(ByteView text);
  /** All text that has come. */
  Bytes read();
  /** Changes its sending keys and wants the server to change its own too. */
  bool update_keys();

 private:
  SslContext context_;
  SslPtr ssl_;
};

}  // namespace wolfguard
