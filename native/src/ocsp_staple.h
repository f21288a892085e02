// The OCSP response that is sent along with a certificate when the client asks for it [rfc6066 8].
#pragma once

#include <openssl/ssl.h>

#include <string>

#include "bytes.h"

namespace wolfguard {

/**
 * From now on connections of `context` get it with that certificate of the context's own. false
 * with a sentence in `error`: these bytes are no response, or one that says that there is none.
 */
bool staple_ocsp_response(SSL_CTX* context, const X509* certificate, const Bytes& der,
                          std::string* error);

}  // namespace wolfguard
