// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace easel::protocol {

/// What can be added to a model.
enum class AddonKind { Lora, Embedding, Vae, ControlNet, TinyVae };

/// "lora", "embedding", "vae", "controlnet", "tiny_vae"
std::string_view toString(AddonKind kind);
std::optional<AddonKind> addonKindFrom(std::string_view name);

/// Something beside the models: `GET /v1/addons`.
struct AddonInfo {
    AddonKind kind = AddonKind::Lora;
    std::string name;        ///< what requests call it; one of its kind
    std::string title = {};  ///< what its author calls it; may be empty
    std::int64_t bytes = 0;
    std::string family = {};                 ///< the models that it is made for; empty: not known
    std::int64_t rank = 0;                   ///< a LoRA's
    std::vector<std::string> triggers = {};  ///< words that it was trained with, the most frequent first
    std::string why = {};                    ///< it cannot be used; empty: it can

    bool operator==(const AddonInfo&) const = default;
};

}  // namespace easel::protocol
