// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace easel::commands {

/// `text` as a terminal can show it: control and format characters (escape sequences, line breaks, what turns
/// the direction of writing) and bytes that are not UTF-8 become \x1b or \u202e.
std::string printable(std::string_view text);

/// Prints "easel-server: TEXT" to standard error and answers `status`.
int fail(int status, std::string_view text);

}  // namespace easel::commands
