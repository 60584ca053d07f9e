// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "server/tls/certificate.h"
#include "server/tls/openssl.h"

/// PEM files, read for this folder's own files. Errors are sentences.
namespace easel::tls {

/// A certificate's file: the server's own first. Never empty.
tl::expected<std::vector<CertificateHandle>, std::string> readChain(const std::filesystem::path& file);
tl::expected<KeyHandle, std::string> readKey(const std::filesystem::path& file);

Certificate describe(const X509& certificate);

}  // namespace easel::tls
