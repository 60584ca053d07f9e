// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>

/// How a server's certificate is told from another: both sides have to say it in the same way.
namespace easel::protocol {

/// The SHA-256 of a certificate in its DER form.
using Fingerprint = std::array<std::uint8_t, 32>;

/// All of it, 64 lower-case digits: what programs compare.
std::string fingerprintInHex(const Fingerprint& fingerprint);
/// Its first eight bytes as eight words with a space between them: what people compare.
std::string fingerprintInWords(const Fingerprint& fingerprint);

}  // namespace easel::protocol
