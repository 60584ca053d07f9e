// SPDX-License-Identifier: Apache-2.0
#include "shared/protocol/addon_info.h"

#include <array>
#include <cstddef>

#include "shared/protocol/enum_names.h"

namespace easel::protocol {

namespace {

constexpr std::array<std::string_view, 5> kKinds{"lora", "embedding", "vae", "controlnet", "tiny_vae"};

}  // namespace

std::string_view toString(AddonKind kind) {
    return kKinds[static_cast<std::size_t>(kind)];
}

std::optional<AddonKind> addonKindFrom(std::string_view name) {
    return valueNamed<AddonKind>(kKinds, name);
}

}  // namespace easel::protocol
