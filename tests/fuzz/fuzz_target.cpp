// SPDX-License-Identifier: Apache-2.0
// Request targets and forms.
#include "server/http/target.h"
#include "tests/fuzz/fuzz.h"

using namespace easel;

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
            again +=
                (again.empty() ? "" : "&") + http::percentEncode(name) + "=" + http::percentEncode(value);
        }
        const auto second = http::parseQuery(again);
        fuzz::require(second.has_value(), "what was read can be written");
        fuzz::require(
            std::equal(query->begin(), query->end(), second->begin(), second->end()) || query->empty(),
            "a query survives being written and read");
    }
    return 0;
}
