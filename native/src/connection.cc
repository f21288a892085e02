#include "connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "tls_context.h"

namespace wolfguard {

namespace {

constexpr char kPskLabel[] = "EXPORTER-openconnect-psk";  // [oc 8.2]

uint32_t path_mtu(int fd) {
  tcp_info info{};
  socklen_t size = sizeof info;
  return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 ? info.tcpi_pmtu : 0;
}

}  // namespace

bool export_dtls_psk(Connection& connection) {
  return SSL_export_keying_material(connection.tls->ssl(), connection.dtls_psk.data(),
                                    connection.dtls_psk.size(), kPskLabel, sizeof kPskLabel - 1,
                                    nullptr, 0, 0) == 1;
}

void mark_packets(const Connection& connection, uint8_t traffic_class) {
  const int fd = connection.socket.get(), value = traffic_class;
  setsockopt(fd, IPPROTO_IP, IP_TOS, &value, sizeof value);
  setsockopt(fd, IPPROTO_IPV6, IPV6_TCLASS, &value, sizeof value);
}

ConnectionOpened describe(const Connection& connection) {
  const SSL* ssl = connection.tls->ssl();
  ConnectionOpened opened;
  opened.connection = connection.id;
  opened.peer = connection.peer;
  opened.local = connection.local;
  opened.tls_version = SSL_get_version(ssl);
  opened.tls_cipher = SSL_CIPHER_get_name(SSL_get_current_cipher(ssl));
  const char* server_name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  opened.server_name = server_name == nullptr ? "" : server_name;
  opened.host = host_of(ssl);
  opened.client_certificate = client_certificate_of(ssl);
  opened.path_mtu = connection.proxied ? 0 : path_mtu(connection.socket.get());
  return opened;
}

}  // namespace wolfguard
