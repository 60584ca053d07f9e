// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace easel::text {

/// The bytes that `text` stands for (RFC 4648, 4), with or without padding, on one line or several. Nothing
/// where it is of another form.
std::optional<std::string> fromBase64(std::string_view text);

/// `bytes` on one line, with padding.
std::string toBase64(std::string_view bytes);

}  // namespace easel::text
