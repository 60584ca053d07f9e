// SPDX-License-Identifier: Apache-2.0
#include "server/tls/context.h"

#include <string_view>
#include <utility>
#include <vector>

#include "server/tls/openssl.h"
#include "server/tls/pem.h"

namespace easel::tls {

namespace {

constexpr const char* kCiphers =  // of TLS 1.2; those of 1.3 are good as they are
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:"
    "ECDHE-RSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256";
constexpr const char* kGroups = "X25519:P-256:P-384";
/// As ALPN has names: each behind its length.
constexpr std::string_view kProtocols = "\x08http/1.1";

/// Who asks for something else only is refused rather than misunderstood (RFC 7301, 3.2).
int selectProtocol(SSL* /*ssl*/, const unsigned char** chosen, unsigned char* size,
                   const unsigned char* offered, unsigned int offeredSize, void* /*unused*/) {
    unsigned char* selected = nullptr;
    const int found =
        ::SSL_select_next_proto(&selected, size, reinterpret_cast<const unsigned char*>(kProtocols.data()),
                                kProtocols.size(), offered, offeredSize);
    *chosen = selected;
    return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

/// Null when OpenSSL fails.
ContextHandle makeContext() {
    ContextHandle context(::SSL_CTX_new(::TLS_server_method()));
    const bool isMade = context && ::SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION) == 1 &&
                        ::SSL_CTX_set_max_proto_version(context.get(), 0) == 1 &&
                        ::SSL_CTX_set_cipher_list(context.get(), kCiphers) == 1 &&
                        ::SSL_CTX_set1_groups_list(context.get(), kGroups) == 1 &&
                        ::SSL_CTX_set_num_tickets(context.get(), 0) == 1;
    if (!isMade) {
        return {};
    }
    ::SSL_CTX_set_security_level(context.get(), 2);
    ::SSL_CTX_set_options(context.get(), SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET |
                                             SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    ::SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
    ::SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
    ::SSL_CTX_set_alpn_select_cb(context.get(), selectProtocol, nullptr);
    return context;
}

std::string refusalOf(const Files& files) {
    return "The certificate " + files.certificate.string() + " cannot be used (" + takeReason() +
           "); have one made with a P-256 key, or with an RSA key of 2048 bits or more.";
}

}  // namespace

tl::expected<std::shared_ptr<const Context>, std::string> Context::load(const Files& files) {
    auto chain = readChain(files.certificate);
    if (!chain) {
        return tl::unexpected(chain.error());
    }
    const auto key = readKey(files.key);
    if (!key) {
        return tl::unexpected(key.error());
    }
    if (::X509_check_private_key(chain->front().get(), key->get()) != 1) {
        ::ERR_clear_error();
        return tl::unexpected("The key " + files.key.string() + " does not belong to the certificate " +
                              files.certificate.string() +
                              ". Give the key that it was made with; a file with several certificates has to "
                              "begin with the server's own.");
    }
    ContextHandle context = makeContext();
    if (!context) {
        return tl::unexpected("TLS cannot be used: " + takeReason() + ".");
    }
    if (::SSL_CTX_use_certificate(context.get(), chain->front().get()) != 1 ||
        ::SSL_CTX_use_PrivateKey(context.get(), key->get()) != 1) {
        return tl::unexpected(refusalOf(files));
    }
    for (std::size_t i = 1; i < chain->size(); ++i) {
        if (SSL_CTX_add1_chain_cert(context.get(), (*chain)[i].get()) != 1) {
            return tl::unexpected(refusalOf(files));
        }
    }
    const Certificate certificate = describe(*chain->front());
    return std::shared_ptr<const Context>(new Context(context.release(), certificate));
}

Context::~Context() {
    ::SSL_CTX_free(m_handle);
}

}  // namespace easel::tls
