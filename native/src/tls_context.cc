#include "tls_context.h"

#include <openssl/err.h>

#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "client_certificate.h"
#include "ocsp_staple.h"
#include "openssl_pem.h"
#include "tls_tap.h"

namespace wolfguard {

namespace {

/**
 * What a client may send as its certificate chain: leaf and two intermediates have 6 KiB, with
 * post-quantum signatures 20. OpenSSL would take 100 from everybody.
 */
constexpr long kMaxClientChainBytes = 32 << 10;

/** What we know of a context; it lives and dies with it. */
struct Host {
  std::string name;
  int min_version = TLS1_2_VERSION;
  std::string groups;
  int verify_mode = SSL_VERIFY_NONE;
  /** Of the main server: all the others. */
  std::unordered_map<std::string, SslContext> others;
};

int host_index() {
  static const int index = SSL_CTX_get_ex_new_index(
      0, nullptr, nullptr, nullptr, [](void*, void* host, CRYPTO_EX_DATA*, int, long, void*) {
        delete static_cast<Host*>(host);
      });
  return index;
}

Host* host_of_context(const SSL_CTX* context) {
  return static_cast<Host*>(SSL_CTX_get_ex_data(context, host_index()));
}

// ─── building ─────────────────────────────────────────────────────────────────────────────────

/** The first is the leaf. false: none, or OpenSSL does not want one of them. */
bool use_chain(SSL_CTX* context, const std::string& pem) {
  bool leaf = true;
  const bool used = read_certificates(pem, [&](X509* certificate) {
    const bool taken = leaf ? SSL_CTX_use_certificate(context, certificate) == 1
                            : SSL_CTX_add1_chain_cert(context, certificate) == 1;
    leaf = false;
    return taken;
  });
  return used && !leaf;
}

bool use_private_key(SSL_CTX* context, const std::string& pem) {
  const BioPtr bio = memory_bio(pem);
  EVP_PKEY* key = PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr);
  if (key == nullptr) return false;
  const bool used =
      SSL_CTX_use_PrivateKey(context, key) == 1 && SSL_CTX_check_private_key(context) == 1;
  EVP_PKEY_free(key);
  return used;
}

/** Gives the first leaf, which the context keeps; nullptr with a sentence in `error`. */
const X509* use_key_pairs(SSL_CTX* context, const std::vector<TlsKeyPair>& pairs,
                          std::string* error) {
  const X509* first = nullptr;
  std::vector<int> kinds;
  for (size_t i = 0; i < pairs.size(); i++) {
    std::string which;
    if (i > 0) which.append(" ").append(std::to_string(i + 1));
    if (!use_chain(context, pairs[i].chain_pem)) {
      *error = "tls.certificate" + which + ": " + take_openssl_error();
      return nullptr;
    }
    const X509* leaf = SSL_CTX_get0_certificate(context);
    if (first == nullptr) first = leaf;
    // A second of the same kind has taken the first one's place.
    const int kind = EVP_PKEY_get_base_id(X509_get0_pubkey(leaf));
    if (std::find(kinds.begin(), kinds.end(), kind) != kinds.end()) {
      *error = "tls.certificate" + which + ": there is already one with a key of type " +
               OBJ_nid2sn(kind);
      return nullptr;
    }
    kinds.push_back(kind);
    if (!use_private_key(context, pairs[i].private_key_pem)) {
      *error = "tls.private_key" + which + ": " + take_openssl_error();
      return nullptr;
    }
  }
  return first;
}

/** We speak HTTP/1.1 only; a client that offers nothing of ours goes on without ALPN. */
int select_alpn(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
                unsigned int in_size, void*) {
  static constexpr char kHttp11[] = "http/1.1";
  constexpr size_t kSize = sizeof kHttp11 - 1;
  for (unsigned int i = 0; i < in_size && i + 1 + in[i] <= in_size; i += 1u + in[i]) {
    if (in[i] == kSize && memcmp(in + i + 1, kHttp11, kSize) == 0) {
      *out = in + i + 1;
      *out_size = kSize;
      return SSL_TLSEXT_ERR_OK;
    }
  }
  return SSL_TLSEXT_ERR_NOACK;
}

SslContext create_host_context(const TlsOptions& options, std::string* error) {
  ERR_clear_error();
  SslContext context(SSL_CTX_new(TLS_server_method()));
  const auto fail = [&](const char* what) {
    *error = std::string(what) + ": " + take_openssl_error();
    return SslContext();
  };
  if (!context) return fail("TLS");
  SSL_CTX* ctx = context.get();
  const X509* first = use_key_pairs(ctx, options.certificates, error);
  if (first == nullptr) return {};
  if (SSL_CTX_set_min_proto_version(ctx, options.min_version) != 1) return fail("tls.min_version");
  if (!options.groups.empty() && SSL_CTX_set1_groups_list(ctx, options.groups.c_str()) != 1) {
    return fail("tls.groups");
  }
  const SuiteOrder order = suite_order(options.aes_hardware);
  const char* ciphers = options.ciphers.empty() ? order.tls12 : options.ciphers.c_str();
  if (SSL_CTX_set_cipher_list(ctx, ciphers) != 1) return fail("tls.ciphers");
  if (SSL_CTX_set_ciphersuites(ctx, order.tls13) != 1) return fail("TLS 1.3 ciphers");
  if (!options.ocsp_response.empty() &&
      !staple_ocsp_response(ctx, first, options.ocsp_response, error)) {
    return {};
  }
  if (!options.client_ca_pem.empty() &&
      !ask_for_certificate(ctx, options.client_ca_pem, options.client_crl_pem, error)) {
    return {};
  }

  // Workers share a port and no ticket keys: a ticket would mostly reach another worker.
  SSL_CTX_set_options(ctx, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA |
                               SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                               SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_num_tickets(ctx, 0);
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_max_cert_list(ctx, kMaxClientChainBytes);
  // A login that waits keeps no record buffers: 20 KiB instead of 54. A tunnel keeps no SSL.
  SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_alpn_select_cb(ctx, select_alpn, nullptr);
  TlsTap::install(ctx);
  auto host = std::make_unique<Host>(
      Host{options.name, options.min_version, options.groups, SSL_CTX_get_verify_mode(ctx), {}});
  if (SSL_CTX_set_ex_data(ctx, host_index(), host.get()) != 1) return fail("TLS");
  (void)host.release();
  return context;
}

// ─── choosing ─────────────────────────────────────────────────────────────────────────────────

/** The name of a ClientHello in lower case; "" when it has none, or none that makes sense. */
std::string asked_name(SSL* ssl) {
  // list size (2), type (1) = host_name (0), size (2), name [rfc6066 3]
  constexpr size_t kHead = 5;
  const uint8_t* data = nullptr;
  size_t size = 0;
  if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &data, &size) != 1 || size < kHead ||
      data[2] != TLSEXT_NAMETYPE_host_name || load16(data + 3) != size - kHead) {
    return {};
  }
  std::string name(reinterpret_cast<const char*>(data + kHead), size - kHead);
  for (char& c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  }
  return name;
}

/**
 * Before OpenSSL has looked at versions, groups or certificates: what SSL_set_SSL_CTX leaves with
 * the connection, it gets here.
 */
int choose_host(SSL* ssl, int* alert, void*) {
  const Host& main = *host_of_context(SSL_get_SSL_CTX(ssl));
  const auto chosen = main.others.find(asked_name(ssl));
  if (chosen == main.others.end()) return SSL_CLIENT_HELLO_SUCCESS;
  SSL_CTX* context = chosen->second.get();
  const Host& host = *host_of_context(context);
  *alert = SSL_AD_INTERNAL_ERROR;
  if (SSL_set_SSL_CTX(ssl, context) == nullptr ||
      SSL_set_min_proto_version(ssl, host.min_version) != 1) {
    return SSL_CLIENT_HELLO_ERROR;
  }
  const char* groups = host.groups.empty() ? "DEFAULT" : host.groups.c_str();
  if (host.groups != main.groups && SSL_set1_groups_list(ssl, groups) != 1) {
    return SSL_CLIENT_HELLO_ERROR;
  }
  SSL_set_verify(ssl, host.verify_mode, nullptr);
  return SSL_CLIENT_HELLO_SUCCESS;
}

}  // namespace

SslContext create_tls_context(std::span<const TlsOptions> hosts, std::string* error) {
  SslContext main;
  for (const TlsOptions& options : hosts) {
    SslContext context = create_host_context(options, error);
    if (!context) {
      if (main) *error = "vhost " + options.name + ": " + *error;
      return {};
    }
    if (!main) {
      main = std::move(context);
    } else {
      host_of_context(main.get())->others[options.name] = std::move(context);
    }
  }
  if (hosts.size() > 1) SSL_CTX_set_client_hello_cb(main.get(), choose_host, nullptr);
  return main;
}

const std::string& host_of(const SSL* ssl) { return host_of_context(SSL_get_SSL_CTX(ssl))->name; }

}  // namespace wolfguard
