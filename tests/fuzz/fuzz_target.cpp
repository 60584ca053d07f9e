// SPDX-License-Identifier: Apache-2.0
// Request targets and forms.
#include "server/http/target.h"
#include "tests/fuzz/fuzz.h"

using namespace easel;

namespace {

std::string escaped(std::string_view text) {
    constexpr std::string_view kHex = "0123456789ABCDEF";
    std::string escapes;
    for (const char c : text) {
        escapes += '%';
        escapes += kHex[static_cast<std::uint8_t>(c) >> 4];
        escapes += kHex[static_cast<std::uint8_t>(c) & 15];
    }
    return escapes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto text = fuzz::textOf(data, size);
    if (const auto target = http::parseTarget(text)) {
        fuzz::require(target->path == "*" || target->path.starts_with('/'), "a path begins with a slash");
        fuzz::require(target->path.find('\0') == std::string::npos, "a path holds no NUL");
        fuzz::require(("/" + target->path + "/").find("/../") == std::string::npos, "a path does not go up");
    }
    if (const auto query = http::parseQuery(text)) {
        std::string again;
        for (const auto& [name, value] : *query) {
            again += (again.empty() ? "" : "&") + escaped(name) + "=" + escaped(value);
        }
        const auto second = http::parseQuery(again);
        fuzz::require(second.has_value(), "what was read can be written");
        fuzz::require(
            std::equal(query->begin(), query->end(), second->begin(), second->end()) || query->empty(),
            "a query survives being written and read");
    }
    return 0;
}
