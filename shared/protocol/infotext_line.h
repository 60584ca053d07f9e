// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

/// The grammar of an infotext: prompts, then one line of settings ("Steps: 20, Sampler: Euler a, …").
namespace easel::protocol {

/// Keys in lower case.
using InfotextValues = std::map<std::string, std::string, std::less<>>;

struct InfotextParts {
    std::string_view prompts;  ///< everything before the settings line
    InfotextValues values;
};

/// Cuts `text` at its settings line, the last that begins with "Steps:"; what other tools write after it is
/// left out. Empty when there is none.
std::optional<InfotextParts> splitInfotext(std::string_view text);

/// The shortest text that reads back as `value`, whatever the locale.
std::string spelled(double value);
/// `value` as it stands in the settings line: a JSON string where it would be taken for something else.
std::string quotedIfNeeded(std::string_view value);
/// `value` as a JSON string.
std::string quoted(std::string_view value);

std::string_view trimmed(std::string_view text);
/// With ASCII's letters in lower case.
std::string lowered(std::string_view text);
/// Whether `text` begins with `beginning` (in lower case), whatever the case of its ASCII letters.
bool beginsWith(std::string_view text, std::string_view beginning);

}  // namespace easel::protocol
