// Moves one session's bytes, in the order of its life:
//
//   1  start         TCP, TLS, the first request; each whole answer is an event
//   2  send          the next request; JavaScript holds the dialogue
//   3  open_tunnel   what CONNECT said; the DTLS handshake begins
//   4  on_tcp        CSTP frames, on_udp: DTLS records; to Inside, or answered here
//   5  send_data     an inside packet by DTLS when it is up, else by TLS
//   6  leave         a goodbye, and the server closes; or an end without a word
//
// session_dtls.cc has the UDP side, session_life.cc the end and what time does.
#pragma once

#include <functional>

#include "datagram_reader.h"
#include "inside.h"
#include "poller.h"
#include "train_sender.h"

namespace wolfguard::load {

struct LoadOptions {
  Endpoint server;
  /** Outside addresses that sessions take in turn; empty = the kernel's choice. */
  std::vector<Address> sources;
  std::string tun;
  bool tun_offload = true, udp_segmentation = true, udp_joining = true;
  int socket_buffer_bytes = 0;
  /** OpenSSL lists. */
  std::string groups, dtls_ciphers;
};

struct TunnelTerms {
  bool has_inside4 = false, has_inside6 = false;
  Address inside4{}, inside6{};
  size_t mtu = 0;
  int64_t dpd_ms = 0, keepalive_ms = 0;
  bool has_dtls = false;
  AppId app_id{};
  uint16_t dtls_port = 0;
};

/** The even tags are TCP sockets, the odd ones UDP; the first few are the loop's own. */
inline constexpr SessionId kFirstSession = 8;
inline uint64_t tcp_tag(SessionId id) { return id * 2; }
inline uint64_t udp_tag(SessionId id) { return id * 2 + 1; }

class SessionIo {
 public:
  using OnEvent = std::function<void(Event)>;

  SessionIo(const LoadOptions& options, Poller* poller, Inside* inside, Totals* totals,
            OnEvent on_event);
  /** false when OpenSSL refused one of the lists. */
  bool open();
  void set_now(int64_t now_ms) { now_ = now_ms; }

  void start(Session& session, size_t source, std::string request);
  void send(Session& session, const std::string& request, bool connect);
  void open_tunnel(Session& session, const TunnelTerms& terms);
  void on_tcp(Session& session, uint32_t events);
  void on_udp(Session& session);
  /** 8 bytes in front of the packet are overwritten. */
  void send_data(Session& session, uint8_t* packet, size_t size);
  void leave(Session& session, bool with_goodbye);
  void end(Session& session, std::string how);

  /** What time does: dead peers, keepalive, logins that hang; when to look again. */
  int64_t check(Session& session);
  /** OpenSSL's timer of a DTLS handshake under way; true while it is. */
  bool tick_handshake(Session& session);
  void flush();

 private:
  enum class Channel { kTls, kDtls };

  void on_connected(Session& session);
  void receive_tls(Session& session);
  void on_text(Session& session, uint8_t* text, size_t size);
  void on_login_text(Session& session, const uint8_t* text, size_t size);
  void on_frame(Session& session, Channel channel, PacketType type, uint8_t* payload, size_t size);
  void begin_dtls(Session& session, const TunnelTerms& terms);
  void on_datagram(Session& session, uint8_t* data, size_t size);
  void advance_handshake(Session& session, ClientHandshake::Status status);
  void send_handshake_output(Session& session);
  void send_control(Session& session, Channel channel, PacketType type, const uint8_t* payload,
                    size_t size);
  bool seal(Session& session, const uint8_t* text, size_t size);
  void touch(Session& session);
  Fd open_socket(int type, size_t source, uint16_t port);

  LoadOptions options_;
  Poller* poller_;
  Inside* inside_;
  Totals* totals_;
  OnEvent on_event_;
  ClientContext tls_, dtls_;
  TrainSender sender_;
  DatagramReader reader_;
  Bytes received_, text_;
  size_t text_used_ = 0;
  std::vector<Session*> touched_;
  int64_t now_ = 0;
};

}  // namespace wolfguard::load
