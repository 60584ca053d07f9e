// SPDX-License-Identifier: Apache-2.0
#include "server/keys/secret.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <span>
#include <stdexcept>
#include <vector>

namespace easel::keys {

namespace {

constexpr std::string_view kPrefix = "easel_";
constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::size_t kSecretBytes = 32;
constexpr std::size_t kSecretLetters = 43;
constexpr std::string_view kIdLetters = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr std::size_t kIdLength = 16;

void fillRandomly(std::span<std::uint8_t> bytes) {
    if (::RAND_priv_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) {
        throw std::runtime_error("The system gives no random numbers for keys.");
    }
}

/// RFC 4648, 5, without padding.
std::string base64url(std::span<const std::uint8_t> bytes) {
    std::string text;
    unsigned waiting = 0;
    unsigned bits = 0;
    for (const std::uint8_t byte : bytes) {
        waiting = (waiting << 8U) | byte;
        for (bits += 8; bits >= 6; bits -= 6) {
            text += kLetters[(waiting >> (bits - 6)) & 63U];
        }
    }
    if (bits > 0) {
        text += kLetters[(waiting << (6 - bits)) & 63U];
    }
    return text;
}

struct Found {
    std::size_t begin = std::string_view::npos;
    std::size_t end = std::string_view::npos;
};

/// The next secret in `text`, with the letters that follow it: among them it may begin anew.
Found findSecret(std::string_view text, std::size_t from) {
    for (std::size_t at = text.find(kPrefix, from); at != std::string_view::npos;
         at = text.find(kPrefix, at + 1)) {
        const std::size_t end = std::min(text.find_first_not_of(kLetters, at), text.size());
        if (end - at >= kPrefix.size() + kSecretLetters) {
            return {at, end};
        }
    }
    return {};
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
    return std::string(kPrefix) + randomText(kSecretBytes);
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

bool hasSecretsShape(std::string_view text) {
    return text.starts_with(kPrefix) && text.size() == kPrefix.size() + kSecretLetters &&
           text.find_first_not_of(kLetters, kPrefix.size()) == std::string_view::npos;
}

bool holdsSecret(std::string_view text) {
    return findSecret(text, 0).begin != std::string_view::npos;
}

std::string withoutSecrets(std::string_view text) {
    std::string safe;
    std::size_t from = 0;
    for (Found found = findSecret(text, 0); found.begin != std::string_view::npos;
         found = findSecret(text, from)) {
        safe.append(text.substr(from, found.begin - from)).append(kPrefix).append("***");
        from = found.end;
    }
    return safe.append(text.substr(from));
}

}  // namespace easel::keys
