// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

/// What lets somebody in, known by its shape. The secret half of a key of Easel's is "easel_" and 43 letters
/// of base64url, which are 256 random bits.
namespace easel::text {

inline constexpr std::string_view kSecretPrefix = "easel_";
/// Those of base64url (RFC 4648, 5), in its order.
inline constexpr std::string_view kSecretLetters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

bool hasSecretsShape(std::string_view text);
/// Whether a secret stands anywhere in `text`.
bool holdsSecret(std::string_view text);
/// `text` for what is kept or shown: each secret in it, and most of one, shortened to "easel_***", each token
/// of the hub's to "hf_***", and each ticket that is called one to "ticket=***".
std::string withoutSecrets(std::string_view text);

}  // namespace easel::text
