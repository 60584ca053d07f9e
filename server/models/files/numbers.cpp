// SPDX-License-Identifier: Apache-2.0
#include "server/models/files/numbers.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

namespace easel::models {

namespace {

constexpr std::size_t kMostBytes = std::size_t{1} << 20;

/// A number of a sign, `exponentBits` and `mantissaBits`; with all bits of `infinite` it is not finite.
float small(std::uint32_t bits, int exponentBits, int mantissaBits, std::uint32_t infinite) {
    if ((bits & infinite) == infinite) {
        return std::numeric_limits<float>::infinity();
    }
    const int bias = (1 << (exponentBits - 1)) - 1;
    const auto mantissa = static_cast<float>(bits & ((1U << mantissaBits) - 1));
    const int exponent = static_cast<int>(bits >> mantissaBits) & ((1 << exponentBits) - 1);
    const bool isNegative = (bits >> (mantissaBits + exponentBits) & 1U) != 0;
    const float one = std::ldexp(1.0F, mantissaBits);
    const float size = exponent == 0 ? std::ldexp(mantissa, 1 - bias - mantissaBits)
                                     : std::ldexp(one + mantissa, exponent - bias - mantissaBits);
    return isNegative ? -size : size;
}

template <typename Bits, typename Convert>
std::vector<float> all(const TensorEntry& tensor, Convert convert) {
    std::vector<float> numbers(tensor.data.size() / sizeof(Bits));
    for (std::size_t i = 0; i < numbers.size(); ++i) {
        Bits bits;
        std::memcpy(&bits, tensor.data.data() + i * sizeof bits, sizeof bits);
        numbers[i] = convert(bits) * tensor.scale;
    }
    return numbers;
}

}  // namespace

std::optional<std::vector<float>> numbersOf(const TensorEntry& tensor) {
    if (tensor.data.size() > kMostBytes) {
        return std::nullopt;
    }
    switch (tensor.dtype) {
        case DType::F32:
            return all<std::uint32_t>(tensor, [](std::uint32_t bits) { return std::bit_cast<float>(bits); });
        case DType::BF16:
            return all<std::uint16_t>(
                tensor, [](std::uint16_t bits) { return std::bit_cast<float>(std::uint32_t{bits} << 16); });
        case DType::F16:
            return all<std::uint16_t>(tensor, [](std::uint16_t bits) { return small(bits, 5, 10, 0x7c00); });
        case DType::F8E5M2:
            return all<std::uint8_t>(tensor, [](std::uint8_t bits) { return small(bits, 5, 2, 0x7c); });
        case DType::F8E4M3:
            return all<std::uint8_t>(tensor, [](std::uint8_t bits) { return small(bits, 4, 3, 0x7f); });
        default:
            return std::nullopt;
    }
}

}  // namespace easel::models
