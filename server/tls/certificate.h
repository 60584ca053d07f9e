// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <tl/expected.hpp>

/// Certificates in files, for any thread. Errors are sentences for people, which name file and remedy.
namespace easel::tls {

using Time = std::chrono::system_clock::time_point;

/// A certificate and its key, in PEM form.
struct Files {
    std::filesystem::path certificate;  ///< the server's own first, then those of the authorities between
    std::filesystem::path key;
};

struct Certificate {
    std::array<std::uint8_t, 32> fingerprint{};  ///< the SHA-256 of its DER form
    Time notBefore;
    Time notAfter;
};

/// What whoever runs the server should know about it at `now`; empty: it is good for a while.
std::string complaintAbout(const Certificate& certificate, Time now = std::chrono::system_clock::now());

/// The first certificate in a file.
tl::expected<Certificate, std::string> readCertificate(const std::filesystem::path& file);

/// Makes a certificate that vouches for itself, for ten years: a P-256 key, and the names and addresses by
/// which clients may know the server. Replaces what is there; the key is its owner's alone.
tl::expected<void, std::string> makeCertificate(const Files& files, const std::vector<std::string>& names);

/// The server's own certificate, in a folder of its own: certificate.pem and key.pem. Made when one of them
/// is not there, and then kept whatever `names` are later, for clients know it by its fingerprint.
tl::expected<Files, std::string> ownCertificate(const std::filesystem::path& folder,
                                                const std::vector<std::string>& names);

/// "localhost", the loopback addresses, this machine's name and the address that it listens on, unless that
/// is all of them.
std::vector<std::string> ownNames(const std::string& bind);

}  // namespace easel::tls
