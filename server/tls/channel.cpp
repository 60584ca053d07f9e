// SPDX-License-Identifier: Apache-2.0
#include "server/tls/channel.h"

#include <new>
#include <utility>

#include "server/tls/openssl.h"

namespace easel::tls {

class Channel::Handle {
public:
    explicit Handle(SSL_CTX* context) : m_ssl(::SSL_new(context)) {
        BioHandle in(::BIO_new(::BIO_s_mem()));
        BioHandle out(::BIO_new(::BIO_s_mem()));
        if (!m_ssl || !in || !out) {
            throw std::bad_alloc();
        }
        m_in = in.get();
        m_out = out.get();
        ::SSL_set_bio(m_ssl.get(), in.release(), out.release());
        ::SSL_set_accept_state(m_ssl.get());
    }

    SSL* ssl() const { return m_ssl.get(); }
    BIO* in() const { return m_in; }
    BIO* out() const { return m_out; }

private:
    SslHandle m_ssl;
    BIO* m_in = nullptr;  // both belong to m_ssl
    BIO* m_out = nullptr;
};

Channel::Channel(std::shared_ptr<const Context> context)
    : m_context(std::move(context)), m_handle(std::make_unique<Handle>(m_context->handle())) {}

Channel::~Channel() = default;

void Channel::feed(std::string_view encrypted) {
    ::BIO_write(m_handle->in(), encrypted.data(), static_cast<int>(encrypted.size()));
}

bool Channel::hasOutput() const {
    return BIO_pending(m_handle->out()) > 0;
}

std::string Channel::takeOutput() {
    std::string output(static_cast<std::size_t>(BIO_pending(m_handle->out())), '\0');
    ::BIO_read(m_handle->out(), output.data(), static_cast<int>(output.size()));
    return output;
}

State Channel::shakeHands() {
    ::ERR_clear_error();
    return judge(::SSL_do_handshake(m_handle->ssl()));
}

bool Channel::isReady() const {
    return ::SSL_is_init_finished(m_handle->ssl()) == 1;
}

Channel::Read Channel::read(std::span<char> into) {
    ::ERR_clear_error();
    const int count = ::SSL_read(m_handle->ssl(), into.data(), static_cast<int>(into.size()));
    const State state = judge(count);
    return {count > 0 ? static_cast<std::size_t>(count) : 0, state};
}

bool Channel::write(std::string_view text) {
    if (text.empty()) {
        return m_failure.empty();
    }
    ::ERR_clear_error();
    const int count = ::SSL_write(m_handle->ssl(), text.data(), static_cast<int>(text.size()));
    return judge(count) == State::Open && count > 0;
}

void Channel::endSending() {
    if (isReady() && m_failure.empty()) {
        ::ERR_clear_error();
        ::SSL_shutdown(m_handle->ssl());
        ::ERR_clear_error();
    }
}

State Channel::judge(int result) {
    if (result > 0) {
        return State::Open;
    }
    switch (::SSL_get_error(m_handle->ssl(), result)) {
        case SSL_ERROR_WANT_READ:
        case SSL_ERROR_WANT_WRITE:
            return State::Open;
        case SSL_ERROR_ZERO_RETURN:
            return State::Ended;
        default:
            m_failure = takeReason();
            return State::Failed;
    }
}

}  // namespace easel::tls
