// SPDX-License-Identifier: Apache-2.0
// The gate before the HTTP parser: where a head ends and whether it may pass.
#include "server/http/framing.h"
#include "tests/fuzz/fuzz.h"

using namespace easel;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto bytes = fuzz::textOf(data, size);
    const auto whole = http::findHeadEnd(bytes, 0);
    if (!whole || !*whole) {
        return 0;
    }
    fuzz::require(**whole <= size, "a head ends within its bytes");
    const std::string_view head = bytes.substr(0, **whole);
    http::checkHead(head);
    // The same end however the bytes come in.
    std::size_t seen = 0;
    const std::size_t pace = 1 + size % 7;
    while (true) {
        const std::size_t next = std::min(seen + pace, size);
        const auto found = http::findHeadEnd(bytes.substr(0, next), seen);
        fuzz::require(found.has_value(), "a head that passes whole passes in parts");
        if (*found) {
            fuzz::require(**found == **whole, "a head ends at one place");
            return 0;
        }
        fuzz::require(next < size, "a head that ends whole ends in parts");
        seen = next;
    }
}
