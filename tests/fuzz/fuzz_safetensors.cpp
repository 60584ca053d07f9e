// SPDX-License-Identifier: Apache-2.0
// Weight files. The first byte decides whether the input is a whole file or its header alone.
#include <cstring>
#include <functional>
#include <span>

#include "server/models/files/safetensors.h"
#include "tests/fuzz/fuzz.h"

using namespace easel;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    std::string file(fuzz::textOf(data + 1, size - 1));
    if (data[0] % 2 == 0) {  // A right length before it and room for some numbers behind it.
        std::uint64_t length = file.size();
        std::string head(sizeof length, '\0');
        std::memcpy(head.data(), &length, sizeof length);
        file = head + file + std::string(std::size_t{data[0]} / 2, '\0');
    }
    const auto bytes = std::as_bytes(std::span(file));
    if (const auto tensors = models::parseSafetensors(bytes, "fuzz")) {
        for (const auto& tensor : *tensors) {
            const auto* begin = tensor.data.data();
            const auto* end = begin + tensor.data.size();
            const bool inside =
                tensor.data.empty() || (std::less_equal<>()(bytes.data(), begin) &&
                                        std::less_equal<>()(end, bytes.data() + bytes.size()));
            fuzz::require(inside, "a tensor lies within its file");
        }
    }
    return 0;
}
