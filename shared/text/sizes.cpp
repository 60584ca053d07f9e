// SPDX-License-Identifier: Apache-2.0
#include "shared/text/sizes.h"

#include <array>
#include <cstdio>

namespace easel::text {

std::string spelledBytes(std::int64_t bytes) {
    const auto number = static_cast<double>(bytes);
    std::array<char, 32> text{};
    if (bytes < 1'000'000) {
        std::snprintf(text.data(), text.size(), "%.1f kB", number / 1e3);
    } else if (bytes < 1'000'000'000) {
        std::snprintf(text.data(), text.size(), "%.1f MB", number / 1e6);
    } else {
        std::snprintf(text.data(), text.size(), "%.2f GB", number / 1e9);
    }
    return text.data();
}

}  // namespace easel::text
