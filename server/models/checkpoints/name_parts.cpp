// SPDX-License-Identifier: Apache-2.0
#include "server/models/checkpoints/name_parts.h"

#include <charconv>

namespace easel::models {

bool takeBegin(std::string_view& name, std::string_view begin) {
    if (!name.starts_with(begin)) {
        return false;
    }
    name.remove_prefix(begin.size());
    return true;
}

std::optional<int> takeIndex(std::string_view& name) {
    constexpr int kMost = 1000;
    int index = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), index);
    const auto digits = static_cast<std::size_t>(end - name.data());
    if (error != std::errc() || index < 0 || index >= kMost || digits == name.size() || *end != '.') {
        return std::nullopt;
    }
    name.remove_prefix(digits + 1);
    return index;
}

std::optional<std::string> renamed(std::string_view name, std::span<const Renaming> renamings) {
    for (const auto& [from, to] : renamings) {
        if (name.starts_with(from)) {
            return std::string(to) + std::string(name.substr(from.size()));
        }
    }
    return std::nullopt;
}

}  // namespace easel::models
