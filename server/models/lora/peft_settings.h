// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "server/models/files/json_object.h"
#include "server/models/files/safetensors.h"
#include "server/models/lora/lora_keys.h"
#include "shared/protocol/problem.h"

namespace easel::models {

/// What PEFT keeps apart from the tensors: alpha, for all layers or by their names, and whether ranks count
/// by their roots (rsLoRA, https://arxiv.org/abs/2312.03732).
class PeftSettings {
public:
    /// Those of a LoRA's `file`: in its metadata, as diffusers writes them, or in the adapter_config.json
    /// beside it, as PEFT does. Errors name where they stand.
    static protocol::Expected<PeftSettings> of(const std::filesystem::path& file, const Metadata& metadata);

    /// What the product of the factors of a layer, named flattened(), is multiplied with. `alpha`: what the
    /// file has for this layer, which comes before all.
    double scaleOf(LoraNetwork network, const std::string& layer, std::int64_t rank,
                   std::optional<double> alpha) const;

private:
    struct Part {
        double alpha = 0;  // 0: the rank
        bool byRoot = false;
        std::map<std::string, double, std::less<>> alphaOf;  // by the end of a layer's name
    };

    std::optional<protocol::Problem> read(LoraNetwork network, JsonObject& json, const std::string& prefix);

    std::map<LoraNetwork, Part> m_parts;
};

}  // namespace easel::models
