// SPDX-License-Identifier: Apache-2.0
#include "server/http/conditional.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include <fmt/core.h>

namespace easel::http {

namespace {

enum class Comparison { Weak, Strong };

/// Whether a list of entity tags holds `tag`, quotes and all. A strong comparison passes over W/"…".
bool listsTag(std::string_view list, std::string_view tag, Comparison comparison) {
    if (list == "*") {
        return true;
    }
    while (true) {
        list.remove_prefix(std::min(list.find_first_not_of(", \t"), list.size()));
        const bool isWeak = list.starts_with("W/");
        list.remove_prefix(isWeak ? 2 : 0);
        const std::size_t end = list.starts_with('"') ? list.find('"', 1) : std::string_view::npos;
        if (end == std::string_view::npos) {
            return false;  // the end, or no list of tags from here on
        }
        if (list.substr(0, end + 1) == tag && !(isWeak && comparison == Comparison::Strong)) {
            return true;
        }
        list.remove_prefix(end + 1);
    }
}

std::optional<std::uint64_t> number(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) {
        return {};
    }
    return value;
}

struct ByteRange {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
};

/// Nothing for what cannot be read; `first` beyond the end for what cannot be satisfied.
std::optional<ByteRange> parseRange(std::string_view field, std::uint64_t size) {
    constexpr std::string_view kUnit = "bytes=";
    const std::size_t dash = field.find('-');
    if (!startsWithIgnoringCase(field, kUnit) || dash == std::string_view::npos) {
        return {};
    }
    const std::string_view from = field.substr(kUnit.size(), dash - kUnit.size());
    const std::string_view to = field.substr(dash + 1);
    const auto first = number(from);
    const auto last = number(to);
    if (from.empty() && last) {
        return ByteRange{*last == 0 ? size : size - std::min(*last, size), size - 1};
    }
    if (first && to.empty()) {
        return ByteRange{*first, size - 1};
    }
    if (first && last && *first <= *last) {
        return ByteRange{*first, std::min(*last, size - 1)};
    }
    return {};
}

}  // namespace

Response withValidator(const Request& request, Response response, const std::string& tag) {
    const std::string quoted = '"' + tag + '"';
    response.headers.set("ETag", quoted);
    if (response.status != 200) {
        return response;
    }
    const auto wanted = request.headers.list("If-Match");
    const auto known = request.headers.list("If-None-Match");
    if (wanted && !listsTag(*wanted, quoted, Comparison::Strong)) {
        response.status = 412;
        response.body = std::string();
    } else if (known && listsTag(*known, quoted, Comparison::Weak)) {
        response.status = 304;
        response.body = std::string();
    }
    return response;
}

Response withRange(const Request& request, Response response) {
    auto* file = std::get_if<FileRange>(&response.body);
    if (response.status != 200 || !file) {
        return response;
    }
    response.headers.set("Accept-Ranges", "bytes");
    const auto field = request.headers.list("Range");  // several make no range that can be read
    const auto condition = request.headers.find("If-Range");
    if (!field || request.method != "GET" || (condition && condition != response.headers.find("ETag"))) {
        return response;
    }
    const std::uint64_t size = file->length;
    const auto range = parseRange(*field, size);
    if (!range) {
        return response;
    }
    if (range->first >= size) {
        response.status = 416;
        response.headers.set("Content-Range", fmt::format("bytes */{}", size));
        response.body = std::string();
        return response;
    }
    response.status = 206;
    response.headers.set("Content-Range", fmt::format("bytes {}-{}/{}", range->first, range->last, size));
    file->offset += range->first;
    file->length = range->last - range->first + 1;
    return response;
}

}  // namespace easel::http
