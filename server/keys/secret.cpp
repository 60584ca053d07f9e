// SPDX-License-Identifier: Apache-2.0
#include "server/keys/secret.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <span>
#include <stdexcept>
#include <vector>

#include "shared/text/secrets.h"

namespace easel::keys {

namespace {

constexpr std::size_t kSecretBytes = 32;
constexpr std::string_view kIdLetters = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr std::size_t kIdLength = 16;

void fillRandomly(std::span<std::uint8_t> bytes) {
    if (::RAND_priv_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) {
        throw std::runtime_error("The system gives no random numbers for keys.");
    }
}

/// RFC 4648, 5, without padding.
std::string base64url(std::span<const std::uint8_t> bytes) {
    std::string letters;
    unsigned waiting = 0;
    unsigned bits = 0;
    for (const std::uint8_t byte : bytes) {
        waiting = (waiting << 8U) | byte;
        for (bits += 8; bits >= 6; bits -= 6) {
            letters += text::kSecretLetters[(waiting >> (bits - 6)) & 63U];
        }
    }
    if (bits > 0) {
        letters += text::kSecretLetters[(waiting << (6 - bits)) & 63U];
    }
    return letters;
}

}  // namespace

Hash hashOf(std::string_view secret) {
    Hash hash{};
    if (::EVP_Digest(secret.data(), secret.size(), hash.data(), nullptr, ::EVP_sha256(), nullptr) != 1) {
        throw std::runtime_error("SHA-256 cannot be computed.");
    }
    return hash;
}

bool areSame(const Hash& left, const Hash& right) {
    return ::CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

std::string randomText(std::size_t bytes) {
    std::vector<std::uint8_t> random(bytes);
    fillRandomly(random);
    return base64url(random);
}

std::string newSecret() {
    return std::string(text::kSecretPrefix) + randomText(kSecretBytes);
}

std::string newKeyId() {
    std::array<std::uint8_t, kIdLength> random{};
    fillRandomly(random);
    std::string id = "k_";
    for (const std::uint8_t byte : random) {
        id += kIdLetters[byte % kIdLetters.size()];
    }
    return id;
}

}  // namespace easel::keys
