// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace easel::protocol {

/// A picture that a client sent to be drawn from: `POST /v1/inputs`.
struct InputInfo {
    std::string id;  ///< the SHA-256 of its file, in hex: the same file is the same input
    int width = 0;   ///< pixels, turned upright
    int height = 0;
    std::int64_t bytes = 0;   ///< of its file
    std::string contentType;  ///< as the content says, not who sent it

    bool operator==(const InputInfo&) const = default;
};

/// Whether `id` has the form of one: 64 hex digits in lower case.
bool isInputId(std::string_view id);

}  // namespace easel::protocol
