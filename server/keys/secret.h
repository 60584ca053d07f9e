// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

/// The secret half of a key: 256 random bits; shared/text/secrets.h has its shape.
namespace easel::keys {

/// SHA-256. A slow hash is for what people choose: nobody guesses 256 random bits, however fast they can be
/// tried.
using Hash = std::array<std::uint8_t, 32>;

Hash hashOf(std::string_view secret);
/// Takes as long wherever they differ.
bool areSame(const Hash& left, const Hash& right);

/// `bytes` from the system's generator for keys, as base64url. Throws std::runtime_error when it has none to
/// give.
std::string randomText(std::size_t bytes);
std::string newSecret();
/// "k_" and 16 random letters.
std::string newKeyId();

}  // namespace easel::keys
