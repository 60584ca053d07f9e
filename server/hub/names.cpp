// SPDX-License-Identifier: Apache-2.0
#include "server/hub/names.h"

#include <algorithm>
#include <cstddef>

namespace easel::hub {

namespace {

constexpr std::size_t kLongest = 255;  // a file's name

bool isAlphanumeric(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool isHex(std::string_view text, std::size_t digits) {
    return text.size() == digits &&
           std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

/// Every part between slashes is a name.
bool isRelative(std::string_view text) {
    while (true) {
        const std::size_t slash = text.find('/');
        const std::string_view part = text.substr(0, slash);
        if (part.empty() || part == "." || part == ".." || part.size() > kLongest) {
            return false;
        }
        if (slash == std::string_view::npos) {
            return true;
        }
        text.remove_prefix(slash + 1);
    }
}

}  // namespace

bool isRevision(std::string_view text) {
    return text.size() <= kLongest && isRelative(text) && text.find("..") == std::string_view::npos &&
           std::ranges::all_of(text, [](char c) {
               return isAlphanumeric(c) || c == '.' || c == '_' || c == '-' || c == '/' || c == '+';
           });
}

bool isCommit(std::string_view text) {
    return isHex(text, 40);
}

bool isBlobName(std::string_view text) {
    return isHex(text, 40) || isHex(text, 64);
}

bool isFilePath(std::string_view text) {
    constexpr std::size_t kLongestPath = 1024;
    return text.size() <= kLongestPath && isRelative(text) && std::ranges::none_of(text, [](char c) {
               return static_cast<unsigned char>(c) < 0x20 || c == 0x7F || c == '\\';
           });
}

bool isVariant(std::string_view text) {
    constexpr std::size_t kLongestVariant = 64;
    return text.size() <= kLongestVariant &&
           std::ranges::all_of(text, [](char c) { return isAlphanumeric(c) || c == '_' || c == '-'; });
}

}  // namespace easel::hub
