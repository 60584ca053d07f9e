// SPDX-License-Identifier: Apache-2.0
#include "server/prompt/number.h"

#include <charconv>
#include <cmath>
#include <system_error>

namespace easel::prompt {

std::optional<double> numberIn(std::string_view text) {
    const bool isNegative = text.starts_with('-');
    if (isNegative || text.starts_with('+')) {
        text.remove_prefix(1);
    }
    // What from_chars takes besides: a second sign, "inf" and "nan".
    if (text.empty() || text.find_first_of("0123456789.") != 0) {
        return {};
    }
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) {
        return {};
    }
    return isNegative ? -value : value;
}

}  // namespace easel::prompt
