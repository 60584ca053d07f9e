// SPDX-License-Identifier: Apache-2.0
#include "tests/server/tls/client_end.h"

#include "server/tls/openssl.h"

namespace easel::tests {

struct ClientEnd::Handle {
    tls::ContextHandle context{::SSL_CTX_new(::TLS_client_method())};
    tls::SslHandle ssl;
    BIO* in = ::BIO_new(::BIO_s_mem());
    BIO* out = ::BIO_new(::BIO_s_mem());
};

ClientEnd::ClientEnd(const Options& options) : m_handle(std::make_unique<Handle>()) {
    SSL_CTX* const context = m_handle->context.get();
    ::SSL_CTX_set_security_level(context, 0);  // a client may be old and careless
    ::SSL_CTX_set_min_proto_version(context, options.oldest);
    ::SSL_CTX_set_max_proto_version(context, options.newest);
    if (!options.ciphers.empty()) {
        ::SSL_CTX_set_cipher_list(context, options.ciphers.c_str());
    }
    if (!options.protocol.empty()) {
        const std::string names = static_cast<char>(options.protocol.size()) + options.protocol;
        ::SSL_CTX_set_alpn_protos(context, reinterpret_cast<const unsigned char*>(names.data()),
                                  static_cast<unsigned>(names.size()));
    }
    if (!options.trusted.empty()) {
        ::SSL_CTX_load_verify_locations(context, options.trusted.c_str(), nullptr);
        ::SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    }
    m_handle->ssl.reset(::SSL_new(context));
    if (!options.name.empty()) {
        X509_VERIFY_PARAM* const wanted = ::SSL_get0_param(m_handle->ssl.get());
        if (::X509_VERIFY_PARAM_set1_ip_asc(wanted, options.name.c_str()) != 1) {
            ::X509_VERIFY_PARAM_set1_host(wanted, options.name.c_str(), 0);
        }
    }
    ::SSL_set_bio(m_handle->ssl.get(), m_handle->in, m_handle->out);
    ::SSL_set_connect_state(m_handle->ssl.get());
}

ClientEnd::~ClientEnd() = default;

void ClientEnd::feed(std::string_view encrypted) {
    ::BIO_write(m_handle->in, encrypted.data(), static_cast<int>(encrypted.size()));
}

std::string ClientEnd::takeOutput() {
    std::string output(static_cast<std::size_t>(BIO_pending(m_handle->out)), '\0');
    ::BIO_read(m_handle->out, output.data(), static_cast<int>(output.size()));
    return output;
}

bool ClientEnd::shakeHands() {
    ::ERR_clear_error();
    return judge(::SSL_do_handshake(m_handle->ssl.get()));
}

bool ClientEnd::isReady() const {
    return ::SSL_is_init_finished(m_handle->ssl.get()) == 1;
}

void ClientEnd::write(std::string_view text) {
    if (!text.empty()) {
        ::ERR_clear_error();
        judge(::SSL_write(m_handle->ssl.get(), text.data(), static_cast<int>(text.size())));
    }
}

std::string ClientEnd::read() {
    std::string text;
    std::array<char, 16384> block{};
    int count = 0;
    do {
        ::ERR_clear_error();
        count = ::SSL_read(m_handle->ssl.get(), block.data(), block.size());
        judge(count);
        text.append(block.data(), count > 0 ? static_cast<std::size_t>(count) : 0);
    } while (count > 0);
    return text;
}

bool ClientEnd::hasEnded() const {
    return (::SSL_get_shutdown(m_handle->ssl.get()) & SSL_RECEIVED_SHUTDOWN) != 0;
}

void ClientEnd::endSending() {
    ::SSL_shutdown(m_handle->ssl.get());
}

void ClientEnd::updateKeys() {
    ::SSL_key_update(m_handle->ssl.get(), SSL_KEY_UPDATE_REQUESTED);
    ::SSL_do_handshake(m_handle->ssl.get());
}

bool ClientEnd::renegotiate() {
    ::ERR_clear_error();
    ::SSL_renegotiate(m_handle->ssl.get());
    return judge(::SSL_do_handshake(m_handle->ssl.get()));
}

int ClientEnd::version() const {
    return ::SSL_version(m_handle->ssl.get());
}

std::string ClientEnd::cipher() const {
    return ::SSL_get_cipher_name(m_handle->ssl.get());
}

std::string ClientEnd::protocol() const {
    const unsigned char* name = nullptr;
    unsigned size = 0;
    ::SSL_get0_alpn_selected(m_handle->ssl.get(), &name, &size);
    return {reinterpret_cast<const char*>(name), size};
}

bool ClientEnd::hasResumableSession() const {
    return ::SSL_SESSION_is_resumable(::SSL_get_session(m_handle->ssl.get())) == 1;
}

std::array<std::uint8_t, 32> ClientEnd::fingerprint() const {
    std::array<std::uint8_t, 32> digest{};
    const tls::CertificateHandle certificate(::SSL_get1_peer_certificate(m_handle->ssl.get()));
    if (certificate) {
        ::X509_digest(certificate.get(), ::EVP_sha256(), digest.data(), nullptr);
    }
    return digest;
}

bool ClientEnd::judge(int result) {
    const int error = ::SSL_get_error(m_handle->ssl.get(), result);
    if (result > 0 || error == SSL_ERROR_WANT_READ || error == SSL_ERROR_ZERO_RETURN) {
        return true;
    }
    m_failure = tls::takeReason();
    return false;
}

}  // namespace easel::tests
