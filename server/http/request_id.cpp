// SPDX-License-Identifier: Apache-2.0
#include "server/http/request_id.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <random>

namespace easel::http {

namespace {

constexpr std::size_t kLongest = 128;
constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:=+/";

std::mt19937_64 seeded() {
    std::random_device device;
    std::seed_seq seed{device(), device(), device(), device()};
    return std::mt19937_64(seed);
}

}  // namespace

std::string newRequestId() {
    constexpr std::string_view kDigits = "0123456789abcdef";
    thread_local std::mt19937_64 numbers = seeded();
    std::array<char, 16> text{};
    std::uint64_t number = numbers();
    for (char& digit : text) {
        digit = kDigits[number & 0xF];
        number >>= 4;
    }
    return {text.data(), text.size()};
}

bool isRequestId(std::string_view text) {
    return !text.empty() && text.size() <= kLongest &&
           text.find_first_not_of(kLetters) == std::string_view::npos;
}

}  // namespace easel::http
