// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace easel::text {

/// Whether a character is one that is seen, or a space: no control or format character (escape sequences,
/// what turns the direction of writing), no line or paragraph separator.
bool isPrintable(char32_t character);
/// The same of every character of `text`, which must be UTF-8.
bool isPrintable(std::string_view text);

}  // namespace easel::text
