// SPDX-License-Identifier: Apache-2.0
// A page of a Python package index. The first byte chooses between HTML and JSON.
#include "server/hub/address.h"
#include "server/libtorch/index_page.h"
#include "tests/fuzz/fuzz.h"

using namespace easel;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const std::string body(fuzz::textOf(data + 1, size - 1));
    const bool isJson = data[0] == 'j';
    const auto files = libtorch::parseIndexPage(isJson ? "application/json" : "text/html", body,
                                                "https://index.example/simple/torch/");
    fuzz::require(isJson || files.has_value(), "every text is HTML");
    for (const auto& file : files.value_or(std::vector<libtorch::IndexFile>())) {
        fuzz::require(file.sha256.size() == 64, "a file is known by its hash");
        fuzz::require(hub::parseAddress(file.url).has_value(), "a file has an address");
    }
    return 0;
}
