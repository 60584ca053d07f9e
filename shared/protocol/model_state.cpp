// SPDX-License-Identifier: Apache-2.0
#include "shared/protocol/model_state.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace easel::protocol {

namespace {

constexpr std::array<std::string_view, 4> kNames{"available", "loading", "loaded", "failed"};

}  // namespace

std::string_view toString(ModelState state) {
    return kNames[static_cast<std::size_t>(state)];
}

std::optional<ModelState> modelStateFrom(std::string_view name) {
    const auto found = std::find(kNames.begin(), kNames.end(), name);
    if (found == kNames.end()) {
        return {};
    }
    return static_cast<ModelState>(found - kNames.begin());
}

}  // namespace easel::protocol
