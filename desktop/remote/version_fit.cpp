// SPDX-License-Identifier: Apache-2.0
#include "desktop/remote/version_fit.h"

#include <charconv>
#include <optional>

namespace easel::remote {

namespace {

/// What must be equal: the major version, and the minor one where the major is 0.
struct Line {
    int major = 0;
    int minor = 0;

    auto operator<=>(const Line&) const = default;
};

std::optional<Line> lineOf(std::string_view version) {
    const char* begin = version.data();
    const char* end = begin + version.size();
    Line line;
    const auto major = std::from_chars(begin, end, line.major);
    if (major.ec != std::errc() || major.ptr == end || *major.ptr != '.') {
        return std::nullopt;
    }
    const auto minor = std::from_chars(major.ptr + 1, end, line.minor);
    if (minor.ec != std::errc()) {
        return std::nullopt;
    }
    line.minor = line.major > 0 ? 0 : line.minor;
    return line;
}

}  // namespace

VersionFit fitOf(std::string_view server, std::string_view app) {
    const auto theirs = lineOf(server);
    const auto ours = lineOf(app);
    if (!theirs || !ours || *theirs == *ours) {
        return VersionFit::Fits;
    }
    return *theirs < *ours ? VersionFit::TooOld : VersionFit::TooNew;
}

}  // namespace easel::remote
