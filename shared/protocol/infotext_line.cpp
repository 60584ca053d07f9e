// SPDX-License-Identifier: Apache-2.0
#include "shared/protocol/infotext_line.h"

#include <algorithm>
#include <charconv>

#include <nlohmann/json.hpp>

namespace easel::protocol {

namespace {

/// With fewer it is a line of a prompt.
constexpr std::size_t kFewestValues = 3;

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// One past the end of the value that starts at `at`: a JSON string, or everything up to `separator`.
std::size_t endOfValue(std::string_view line, std::size_t at, char separator) {
    if (at < line.size() && line[at] == '"') {
        for (std::size_t i = at + 1; i < line.size(); ++i) {
            if (line[i] == '\\') {
                ++i;
            } else if (line[i] == '"') {
                return i + 1;
            }
        }
    }
    return std::min(line.find(separator, at), line.size());
}

InfotextValues parseSettingsLine(std::string_view line) {
    // SD.Next once wrote "Steps: 20 | Seed: 1".
    const auto first = line.find_first_of(",|");
    const char separator = first != std::string_view::npos && line[first] == '|' ? '|' : ',';
    InfotextValues values;
    std::size_t at = 0;
    while (at < line.size()) {
        const auto colon = line.find(':', at);
        if (colon == std::string_view::npos) {
            break;
        }
        // Words before an earlier separator are not part of this key.
        const auto cut = line.rfind(separator, colon);
        const auto keyAt = cut != std::string_view::npos && cut >= at ? cut + 1 : at;
        std::string key = lowered(trimmed(line.substr(keyAt, colon - keyAt)));
        const auto valueAt = std::min(line.find_first_not_of(' ', colon + 1), line.size());
        const auto end = endOfValue(line, valueAt, separator);
        std::string value(trimmed(line.substr(valueAt, end - valueAt)));
        if (value.size() >= 2 && value.front() == '"') {
            const auto text = nlohmann::json::parse(value, nullptr, false);
            if (text.is_string()) {
                value = text.get<std::string>();
            }
        }
        values.insert_or_assign(std::move(key), std::move(value));
        at = std::min(line.find(separator, end), line.size());
        at = at < line.size() ? at + 1 : at;
    }
    return values;
}

}  // namespace

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

std::string lowered(std::string_view text) {
    std::string result(text);
    std::ranges::transform(result, result.begin(), lower);
    return result;
}

bool beginsWith(std::string_view text, std::string_view beginning) {
    return text.size() >= beginning.size() &&
           std::equal(beginning.begin(), beginning.end(), text.begin(),
                      [](char wanted, char c) { return wanted == lower(c); });
}

std::string quoted(std::string_view value) {
    return nlohmann::json(value).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string spelled(double value) {
    char text[32];
    return {text, std::to_chars(text, text + sizeof text, value).ptr};
}

std::string quotedIfNeeded(std::string_view value) {
    const bool plain = value.find_first_of(",:|\r\n") == std::string_view::npos && !value.starts_with('"') &&
                       trimmed(value).size() == value.size();
    return plain ? std::string(value) : quoted(value);
}

std::optional<InfotextParts> splitInfotext(std::string_view text) {
    text = trimmed(text);
    bool last = true;
    InfotextParts odd;  // A settings line in another order is known only by its place: at the end.
    for (std::size_t end = text.size();; last = false) {
        const auto lineBreak = end == 0 ? std::string_view::npos : text.rfind('\n', end - 1);
        const auto at = lineBreak == std::string_view::npos ? 0 : lineBreak + 1;
        const std::string_view line = text.substr(at, end - at);
        if (const bool regular = beginsWith(line, "steps:"); regular || last) {
            InfotextParts parts{text.substr(0, at), parseSettingsLine(line)};
            const bool whole = parts.values.size() >= kFewestValues && parts.values.contains("steps");
            if (whole && regular) {
                return parts;
            }
            if (whole) {
                odd = std::move(parts);
            }
        }
        if (lineBreak == std::string_view::npos) {
            break;
        }
        end = lineBreak;
    }
    return odd.values.empty() ? std::nullopt : std::optional(std::move(odd));
}

}  // namespace easel::protocol
