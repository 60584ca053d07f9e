// SPDX-License-Identifier: Apache-2.0
#include "shared/protocol/model_state.h"

#include <array>
#include <cstddef>

#include "shared/protocol/enum_names.h"

namespace easel::protocol {

namespace {

constexpr std::array<std::string_view, 4> kNames{"available", "loading", "loaded", "failed"};

}  // namespace

std::string_view toString(ModelState state) {
    return kNames[static_cast<std::size_t>(state)];
}

std::optional<ModelState> modelStateFrom(std::string_view name) {
    return valueNamed<ModelState>(kNames, name);
}

}  // namespace easel::protocol
