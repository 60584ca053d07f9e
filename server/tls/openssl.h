// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

/// Owners for what OpenSSL hands out, for this folder's own files.
namespace easel::tls {

template <auto kFree>
struct Freeing {
    template <typename Handle>
    void operator()(Handle* handle) const {
        kFree(handle);
    }
};

using BioHandle = std::unique_ptr<BIO, Freeing<BIO_free_all>>;
using KeyHandle = std::unique_ptr<EVP_PKEY, Freeing<EVP_PKEY_free>>;
using CertificateHandle = std::unique_ptr<X509, Freeing<X509_free>>;
using ContextHandle = std::unique_ptr<SSL_CTX, Freeing<SSL_CTX_free>>;
using SslHandle = std::unique_ptr<SSL, Freeing<SSL_free>>;

/// Why the last call of this thread failed, in OpenSSL's words. Forgets it.
inline std::string takeReason() {
    const char* const reason = ::ERR_reason_error_string(::ERR_peek_last_error());
    ::ERR_clear_error();
    return reason ? reason : "unknown reason";
}

}  // namespace easel::tls
