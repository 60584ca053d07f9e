// SPDX-License-Identifier: Apache-2.0
#include "server/hub/file_part.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <string>
#include <utility>

#include "server/hub/problems.h"

namespace easel::hub {

using protocol::Problem;

namespace {

/// "bytes 0-99/1234": where it begins and how long the whole is.
std::optional<std::pair<std::int64_t, std::int64_t>> contentRange(std::string_view text) {
    const std::size_t slash = text.find('/');
    if (!text.starts_with("bytes ") || slash == std::string_view::npos) {
        return std::nullopt;
    }
    const auto begin = wholeNumber(text.substr(6));
    const auto whole = wholeNumber(text.substr(slash + 1));
    return begin && whole ? std::optional(std::pair(*begin, *whole)) : std::nullopt;
}

}  // namespace

std::optional<std::int64_t> wholeNumber(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end != text.data() ? std::optional(value) : std::nullopt;
}

Problem wrongSize(const RemoteFile& file, std::int64_t other) {
    return untrue(file.path + " was announced with " + std::to_string(file.size) + " bytes, and now has " +
                  std::to_string(other) + ". It is not used.");
}

bool FilePart::fail(Problem why) {
    problem = std::move(why);
    return false;
}

/// Sees to the first bytes of an answer that it is the part that was asked for.
bool FilePart::begin(const Answer& head) {
    if (head.status == 206) {
        const auto range = contentRange(head.field("content-range"));
        if (!range || range->first != at) {
            return fail(untrue("Another part of " + file.path + " came than was asked for. It is not used."));
        }
        next = at;
        return range->second == file.size || fail(wrongSize(file, range->second));
    }
    const auto length = wholeNumber(head.field("content-length"));
    next = 0;  // all of it: what is here already is passed over
    return !length || *length == file.size || fail(wrongSize(file, *length));
}

bool FilePart::take(const Answer& head, std::span<const char> bytes, bool& hasBegun) {
    if (!hasBegun && !begin(head)) {
        return false;
    }
    hasBegun = true;
    const std::int64_t passed =
        std::clamp<std::int64_t>(at - next, 0, static_cast<std::int64_t>(bytes.size()));
    next += static_cast<std::int64_t>(bytes.size());
    bytes = bytes.subspan(static_cast<std::size_t>(passed));
    if (next > file.size || (head.status == 206 && next > to)) {
        return fail(untrue("More came of " + file.path + " than was announced. It is not used."));
    }
    const bool isEnough = at + static_cast<std::int64_t>(bytes.size()) >= to;
    bytes = bytes.first(static_cast<std::size_t>(std::min<std::int64_t>(std::ssize(bytes), to - at)));
    if (auto taken = sink(at, bytes); !taken) {
        return fail(std::move(taken.error()));
    }
    at += std::ssize(bytes);
    return !isEnough || head.status == 206 ||
           next == file.size;  // the rest of a whole file is not waited for
}

}  // namespace easel::hub
