// SPDX-License-Identifier: Apache-2.0
#include "server/tls/certificate.h"

#include <arpa/inet.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <string_view>
#include <utility>

#include "server/tls/openssl.h"
#include "server/tls/pem.h"
#include "shared/process/files.h"

namespace easel::tls {

namespace {

using std::filesystem::path;

constexpr long kDay = 24L * 60 * 60;
constexpr long kLife = 3652 * kDay;  // ten years
/// The clocks of two machines differ.
constexpr long kAlreadyValid = kDay;
constexpr std::chrono::hours kSoon{14 * 24};
constexpr std::string_view kCommonName = "Easel";

Time timeOf(const ASN1_TIME* time) {
    std::tm utc{};
    ::ASN1_TIME_to_tm(time, &utc);
    return std::chrono::system_clock::from_time_t(::timegm(&utc));
}

std::string dateOf(Time time) {
    const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
    std::tm utc{};
    ::gmtime_r(&seconds, &utc);
    std::array<char, 32> text{};
    return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M UTC", &utc)};
}

bool isAddress(const std::string& name) {
    std::array<unsigned char, 16> bytes{};
    return ::inet_pton(AF_INET, name.c_str(), bytes.data()) == 1 ||
           ::inet_pton(AF_INET6, name.c_str(), bytes.data()) == 1;
}

bool isHostName(std::string_view name) {
    return !name.empty() && name.size() <= 253 && std::ranges::all_of(name, [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
               c == '.' || c == '_';
    });
}

/// As OpenSSL's configuration writes alternative names.
std::string alternatives(const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names) {
        if (isAddress(name) || isHostName(name)) {
            text += (text.empty() ? "" : ",") + std::string(isAddress(name) ? "IP:" : "DNS:") + name;
        }
    }
    return text;
}

bool addExtension(X509* certificate, int kind, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    ::X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* const extension = ::X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
    const bool isAdded = extension && ::X509_add_ext(certificate, extension, -1) == 1;
    ::X509_EXTENSION_free(extension);
    return isAdded;
}

bool setSerial(X509* certificate) {
    std::array<unsigned char, 16> bytes{};
    if (::RAND_bytes(bytes.data(), bytes.size()) != 1) {
        return false;
    }
    bytes[0] = static_cast<unsigned char>((bytes[0] & 0x3f) | 0x40);  // positive, and as long each time
    const std::unique_ptr<BIGNUM, Freeing<BN_free>> number(::BN_bin2bn(bytes.data(), bytes.size(), nullptr));
    return number && ::BN_to_ASN1_INTEGER(number.get(), ::X509_get_serialNumber(certificate));
}

/// Null when OpenSSL fails.
CertificateHandle certificateOf(EVP_PKEY* key, const std::vector<std::string>& names) {
    CertificateHandle certificate(::X509_new());
    if (!certificate) {
        return {};
    }
    X509_NAME* const name = ::X509_get_subject_name(certificate.get());
    const bool isMade =
        ::X509_set_version(certificate.get(), 2) == 1 && setSerial(certificate.get()) &&
        ::X509_gmtime_adj(::X509_getm_notBefore(certificate.get()), -kAlreadyValid) &&
        ::X509_gmtime_adj(::X509_getm_notAfter(certificate.get()), kLife) &&
        ::X509_set_pubkey(certificate.get(), key) == 1 &&
        ::X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_ASC,
                                     reinterpret_cast<const unsigned char*>(kCommonName.data()),
                                     kCommonName.size(), -1, 0) == 1 &&
        ::X509_set_issuer_name(certificate.get(), name) == 1 &&
        addExtension(certificate.get(), NID_basic_constraints, "critical,CA:FALSE") &&
        addExtension(certificate.get(), NID_key_usage, "critical,digitalSignature") &&
        addExtension(certificate.get(), NID_ext_key_usage, "serverAuth") &&
        addExtension(certificate.get(), NID_subject_key_identifier, "hash") &&
        addExtension(certificate.get(), NID_subject_alt_name, alternatives(names)) &&
        ::X509_sign(certificate.get(), key, ::EVP_sha256()) != 0;
    return isMade ? std::move(certificate) : CertificateHandle();
}

std::string_view textIn(BIO* bio) {
    char* text = nullptr;
    const long size = BIO_get_mem_data(bio, &text);
    return {text, static_cast<std::size_t>(size)};
}

tl::expected<void, std::string> writePem(const path& file, const BioHandle& pem) {
    if (const int error = process::writeWhole(file, textIn(pem.get())); error != 0) {
        return tl::unexpected("The file " + file.string() + " cannot be written: " + std::strerror(error) +
                              ".");
    }
    return {};
}

}  // namespace

std::string complaintAbout(const Certificate& certificate, Time now) {
    if (now >= certificate.notAfter) {
        return "The certificate is over since " + dateOf(certificate.notAfter) +
               ", so clients refuse it; put a new one in its place.";
    }
    if (now < certificate.notBefore) {
        return "The certificate is not valid before " + dateOf(certificate.notBefore) +
               ", so clients refuse it; is this machine's clock right?";
    }
    if (now + kSoon >= certificate.notAfter && certificate.notAfter - certificate.notBefore > 2 * kSoon) {
        return "The certificate ends at " + dateOf(certificate.notAfter) + "; put a new one in its place.";
    }
    return {};
}

Certificate describe(const X509& certificate) {
    Certificate description{
        {}, timeOf(::X509_get0_notBefore(&certificate)), timeOf(::X509_get0_notAfter(&certificate))};
    ::X509_digest(&certificate, ::EVP_sha256(), description.fingerprint.data(), nullptr);
    return description;
}

tl::expected<Certificate, std::string> readCertificate(const path& file) {
    return readChain(file).map(
        [](const std::vector<CertificateHandle>& chain) { return describe(*chain.front()); });
}

tl::expected<void, std::string> makeCertificate(const Files& files, const std::vector<std::string>& names) {
    const KeyHandle key(EVP_EC_gen("P-256"));
    const CertificateHandle certificate = key ? certificateOf(key.get(), names) : CertificateHandle();
    const BioHandle keyPem(::BIO_new(::BIO_s_secmem()));
    const BioHandle certificatePem(::BIO_new(::BIO_s_mem()));
    if (!certificate || !keyPem || !certificatePem ||
        ::PEM_write_bio_PrivateKey(keyPem.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1 ||
        ::PEM_write_bio_X509(certificatePem.get(), certificate.get()) != 1) {
        return tl::unexpected("No certificate could be made: " + takeReason() + ".");
    }
    return writePem(files.key, keyPem).and_then([&] { return writePem(files.certificate, certificatePem); });
}

tl::expected<Files, std::string> ownCertificate(const path& folder, const std::vector<std::string>& names) {
    Files files{folder / "certificate.pem", folder / "key.pem"};
    std::error_code ignored;
    if (std::filesystem::exists(files.certificate, ignored) && std::filesystem::exists(files.key, ignored)) {
        return files;
    }
    if (const int error = process::makeFolder(folder); error != 0 && error != EEXIST) {
        return tl::unexpected("The folder " + folder.string() +
                              " for the server's certificate cannot be made: " + std::strerror(error) + ".");
    }
    // One of two is left of something that did not end well: a new key beside an old certificate would be
    // worse.
    std::filesystem::remove(files.certificate, ignored);
    return makeCertificate(files, names).map([&files] { return std::move(files); });
}

std::vector<std::string> ownNames(const std::string& bind) {
    std::vector<std::string> names{"localhost", "127.0.0.1", "::1"};
    const auto add = [&names](const std::string& name) {
        if (!name.empty() && std::ranges::find(names, name) == names.end()) {
            names.push_back(name);
        }
    };
    std::array<char, 256> host{};
    if (::gethostname(host.data(), host.size() - 1) == 0) {
        add(host.data());
    }
    if (bind != "0.0.0.0" && bind != "::") {
        add(bind);
    }
    return names;
}

}  // namespace easel::tls
