// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

/// The secret half of a key: 256 random bits as "easel_" and 43 letters of base64url.
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

bool hasSecretsShape(std::string_view text);
/// Whether a secret stands anywhere in `text`.
bool holdsSecret(std::string_view text);
/// `text` with each secret in it shortened to "easel_***", for what is kept or shown.
std::string withoutSecrets(std::string_view text);

}  // namespace easel::keys
