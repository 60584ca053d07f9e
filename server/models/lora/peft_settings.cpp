// SPDX-License-Identifier: Apache-2.0
#include "server/models/lora/peft_settings.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <system_error>

namespace easel::models {

protocol::Expected<PeftSettings> PeftSettings::of(const std::filesystem::path& file,
                                                  const Metadata& metadata) {
    PeftSettings settings;
    const auto config = file.parent_path() / "adapter_config.json";
    const auto packed = metadata.find("lora_adapter_metadata");
    std::error_code error;
    const bool isBeside =
        file.filename() == "adapter_model.safetensors" && std::filesystem::exists(config, error);
    if (packed == metadata.end() && !isBeside) {
        return settings;
    }
    auto json = packed == metadata.end() ? JsonObject::read(config) : JsonObject::parse(file, packed->second);
    if (!json) {
        return tl::unexpected(json.error());
    }
    if (packed == metadata.end()) {
        if (auto problem = settings.read(LoraNetwork::Any, *json, "")) {
            return tl::unexpected(std::move(*problem));
        }
        return settings;
    }
    for (const auto& [prefix, network] : {std::pair{"unet.", LoraNetwork::UNet},
                                          {"text_encoder.", LoraNetwork::FirstText},
                                          {"text_encoder_2.", LoraNetwork::SecondText}}) {
        if (auto problem = settings.read(network, *json, prefix)) {
            return tl::unexpected(std::move(*problem));
        }
    }
    return settings;
}

std::optional<protocol::Problem> PeftSettings::read(LoraNetwork network, JsonObject& json,
                                                    const std::string& prefix) {
    Part& part = m_parts[network];
    part.alpha = json.number(prefix + "lora_alpha", 0);
    part.byRoot = json.boolean(prefix + "use_rslora", false);
    if (auto pattern = json.object(prefix + "alpha_pattern")) {
        for (const std::string& layer : pattern->keys()) {
            part.alphaOf.insert_or_assign(flattened(layer), pattern->number(layer, 0));
        }
        if (pattern->problem()) {
            return pattern->problem();
        }
    }
    return json.problem();
}

double PeftSettings::scaleOf(LoraNetwork network, const std::string& layer, std::int64_t rank,
                             std::optional<double> alpha) const {
    const auto own = static_cast<double>(rank);
    const auto found = m_parts.find(network);
    if (alpha || found == m_parts.end()) {
        return alpha.value_or(own) / own;
    }
    const Part& part = found->second;
    double given = part.alpha > 0 ? part.alpha : own;
    // The longest end counts; there may be as many of them as layers.
    for (std::string_view end = layer; !end.empty();
         end.remove_prefix(std::min(end.find('_'), end.size() - 1) + 1)) {
        if (const auto its = part.alphaOf.find(end); its != part.alphaOf.end()) {
            given = its->second;
            break;
        }
    }
    return given / (part.byRoot ? std::sqrt(own) : own);
}

}  // namespace easel::models
