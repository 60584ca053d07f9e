// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include <tl/expected.hpp>

#include "server/tls/certificate.h"

typedef struct ssl_ctx_st SSL_CTX;  // NOLINT(modernize-use-using): OpenSSL's own

namespace easel::tls {

/// How TLS is spoken with every client, and as whom: 1.2 and 1.3 with forward secrecy, ALPN "http/1.1". No
/// session is resumed, so there is no ticket whose key would have to change, and every client sees the
/// certificate that is in use. Read only after it has been made; any thread.
class Context {
public:
    /// Errors: a file is missing, unreadable, of another form or encrypted, or the two do not fit.
    static tl::expected<std::shared_ptr<const Context>, std::string> load(const Files& files);
    ~Context();
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;

    const Certificate& certificate() const { return m_certificate; }
    SSL_CTX* handle() const { return m_handle; }

private:
    Context(SSL_CTX* handle, const Certificate& certificate) : m_handle(handle), m_certificate(certificate) {}

    SSL_CTX* const m_handle;
    const Certificate m_certificate;
};

}  // namespace easel::tls
