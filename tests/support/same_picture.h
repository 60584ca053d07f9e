// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdlib>

#include "server/image/image.h"
#include "tests/support/gates.h"

namespace easel::tests {

/// Whether two pictures are the same but for what processors, and company in a forward pass, round.
inline bool isSamePicture(const image::Image& one, const image::Image& other) {
    if (one.width != other.width || one.height != other.height || one.rgb.size() != other.rgb.size()) {
        return false;
    }
    std::size_t off = 0;
    for (std::size_t i = 0; i < one.rgb.size(); ++i) {
        off += std::abs(one.rgb[i] - other.rgb[i]) > 1 ? 1 : 0;
    }
    return static_cast<double>(off) <= gate("pictures") * static_cast<double>(one.rgb.size());
}

}  // namespace easel::tests
