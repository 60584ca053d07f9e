// SPDX-License-Identifier: Apache-2.0
#include "server/tls/pem.h"

#include <openssl/crypto.h>
#include <openssl/pem.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

namespace easel::tls {

namespace {

using std::filesystem::path;

/// No certificate is nearly as large, with all authorities that there are behind it.
constexpr std::size_t kMostBytes = 1024UL * 1024;

/// Bytes that leave no trace in memory.
struct Secret {
    std::string text;

    Secret() = default;
    Secret(const Secret&) = delete;
    Secret& operator=(const Secret&) = delete;
    ~Secret() { ::OPENSSL_cleanse(text.data(), text.size()); }

    BioHandle bio() const { return BioHandle(::BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }
};

/// 0 or an errno.
int read(const path& file, Secret& into) {
    errno = 0;
    std::ifstream stream(file, std::ios::binary);
    into.text.resize(kMostBytes);
    stream.read(into.text.data(), kMostBytes);
    const bool isRead = stream.is_open() && !stream.bad() && (stream.eof() || stream.gcount() > 0);
    into.text.resize(static_cast<std::size_t>(stream.gcount()));
    return isRead ? 0 : errno != 0 ? errno : EIO;
}

std::string unreadable(const std::string& what, const path& file, int error) {
    return "The " + what + " " + file.string() + " cannot be read: " + std::strerror(error) +
           ". Give the path of a PEM file that this account may read.";
}

/// Asked for a passphrase, which nobody is there to type.
int refusePassphrase(char* /*buffer*/, int /*size*/, int /*writes*/, void* asked) {
    *static_cast<bool*>(asked) = true;
    return -1;
}

}  // namespace

tl::expected<std::vector<CertificateHandle>, std::string> readChain(const path& file) {
    Secret pem;
    if (const int error = read(file, pem); error != 0) {
        return tl::unexpected(unreadable("certificate", file, error));
    }
    const BioHandle bio = pem.bio();
    std::vector<CertificateHandle> chain;
    while (CertificateHandle certificate{::PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)}) {
        chain.push_back(std::move(certificate));
    }
    const bool isAtEnd = ERR_GET_REASON(::ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    const std::string reason = takeReason();
    if (!chain.empty() && isAtEnd) {
        return chain;
    }
    if (chain.empty() && isAtEnd) {
        return tl::unexpected("The certificate " + file.string() +
                              " is not in PEM form: it has no line BEGIN CERTIFICATE. If it is in DER form, "
                              "\"openssl x509 -inform der -in FILE -out NEW\" makes one of it.");
    }
    return tl::unexpected("The certificate " + file.string() + " is damaged (" + reason +
                          "); put a whole one in its place.");
}

tl::expected<KeyHandle, std::string> readKey(const path& file) {
    Secret pem;
    if (const int error = read(file, pem); error != 0) {
        return tl::unexpected(unreadable("key", file, error));
    }
    const BioHandle bio = pem.bio();
    bool isEncrypted = false;
    KeyHandle key{::PEM_read_bio_PrivateKey(bio.get(), nullptr, refusePassphrase, &isEncrypted)};
    const std::string reason = takeReason();
    if (key) {
        return key;
    }
    if (isEncrypted) {
        return tl::unexpected(
            "The key " + file.string() +
            " is encrypted with a passphrase, which nobody is there to type. \"openssl pkey "
            "-in FILE -out NEW\" writes it without one; keep that readable by this account "
            "alone.");
    }
    if (pem.text.find("PRIVATE KEY-----") == std::string::npos) {
        return tl::unexpected("The key " + file.string() +
                              " is not in PEM form: it has no line BEGIN PRIVATE KEY. If it is in DER form, "
                              "\"openssl pkey -inform der -in FILE -out NEW\" makes one of it.");
    }
    return tl::unexpected("The key " + file.string() + " is damaged (" + reason +
                          "); put a whole one in its place.");
}

}  // namespace easel::tls
