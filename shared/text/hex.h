// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace easel::text {

/// Two lower-case digits for each byte.
std::string toHex(std::span<const std::uint8_t> bytes);

}  // namespace easel::text
