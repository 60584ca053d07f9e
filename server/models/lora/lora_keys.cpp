// SPDX-License-Identifier: Apache-2.0
#include "server/models/lora/lora_keys.h"

#include <algorithm>
#include <array>
#include <utility>

namespace easel::models {

namespace {

/// Of two with one end, the longer comes first.
constexpr std::array<std::pair<std::string_view, LoraRole>, 32> kEndings{{
    {".lora_down.weight", LoraRole::Down},
    {".lora_up.weight", LoraRole::Up},
    {".lora_mid.weight", LoraRole::Mid},
    {".lora_A.weight", LoraRole::Down},
    {".lora_B.weight", LoraRole::Up},
    {".lora.down.weight", LoraRole::Down},
    {".lora.up.weight", LoraRole::Up},
    {".lora_linear_layer.down.weight", LoraRole::Down},
    {".lora_linear_layer.up.weight", LoraRole::Up},
    {"_lora.down.weight", LoraRole::Down},
    {"_lora.up.weight", LoraRole::Up},
    {"_lora.alpha", LoraRole::Alpha},
    {".lora.alpha", LoraRole::Alpha},
    {".alpha", LoraRole::Alpha},
    {".lora_magnitude_vector.weight", LoraRole::Magnitude},
    {".lora_magnitude_vector", LoraRole::Magnitude},
    {".dora_scale", LoraRole::DoraScale},
    {".hada_w1_a", LoraRole::HadaW1A},
    {".hada_w1_b", LoraRole::HadaW1B},
    {".hada_w2_a", LoraRole::HadaW2A},
    {".hada_w2_b", LoraRole::HadaW2B},
    {".hada_t1", LoraRole::HadaT1},
    {".hada_t2", LoraRole::HadaT2},
    {".lokr_w1", LoraRole::LokrW1},
    {".lokr_w1_a", LoraRole::LokrW1A},
    {".lokr_w1_b", LoraRole::LokrW1B},
    {".lokr_w2", LoraRole::LokrW2},
    {".lokr_w2_a", LoraRole::LokrW2A},
    {".lokr_w2_b", LoraRole::LokrW2B},
    {".lokr_t2", LoraRole::LokrT2},
    {".diff", LoraRole::Diff},
    {".diff_b", LoraRole::DiffBias},
}};

/// PEFT puts an adapter's name before the end: "to_q.lora_A.default.weight".
std::string withoutAdapterName(std::string_view name) {
    for (const std::string_view mark : {".lora_A.", ".lora_B.", ".lora_magnitude_vector."}) {
        const auto at = name.rfind(mark);
        if (at == std::string_view::npos) {
            continue;
        }
        const auto begin = at + mark.size();
        const auto end = std::min(name.find('.', begin), name.size());
        const std::string_view adapter = name.substr(begin, end - begin);
        const std::string_view rest = name.substr(end);
        if (adapter != "weight" && adapter != "bias" && (rest == ".weight" || rest.empty())) {
            return std::string(name.substr(0, begin - 1)) + ".weight";
        }
    }
    return std::string(name);
}

/// The classes that computed attention in 2022 stood in its path, and held its last layer without a number.
std::string withoutProcessor(std::string module) {
    constexpr std::string_view kProcessor = ".processor.";
    if (const auto at = module.find(kProcessor); at != std::string::npos) {
        module.erase(at, kProcessor.size() - 1);
    }
    return module;
}

}  // namespace

std::optional<LoraKey> splitLoraKey(std::string_view name) {
    const std::string plain = withoutAdapterName(name);
    for (const auto& [ending, role] : kEndings) {
        if (plain.size() > ending.size() && plain.ends_with(ending)) {
            return LoraKey{withoutProcessor(plain.substr(0, plain.size() - ending.size())), role};
        }
    }
    return std::nullopt;
}

std::string flattened(std::string_view path) {
    std::string flat(path);
    std::replace(flat.begin(), flat.end(), '.', '_');
    return flat;
}

}  // namespace easel::models
