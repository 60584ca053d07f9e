// SPDX-License-Identifier: Apache-2.0
#include "server/models/lora/lora_targets.h"

#include <algorithm>
#include <array>
#include <utility>

#include "server/models/lora/lora_keys.h"
#include "server/models/lora/original_names.h"

namespace easel::models {

namespace {

constexpr std::string_view kWeight = ".weight";
constexpr std::string_view kTextModel = "text_model.";

/// A table of tokens or places is no layer: it is looked up, not multiplied.
bool isLayer(const NamedShape& tensor) {
    return tensor.name.ends_with(kWeight) && !tensor.name.ends_with("embedding.weight") &&
           (tensor.shape.size() == 2 || tensor.shape.size() == 4);
}

/// What diffusers called the layers of CLIP's attention in 2022.
constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kOldText{{
    {".q_proj", ".to_q"},
    {".k_proj", ".to_k"},
    {".v_proj", ".to_v"},
    {".out_proj", ".to_out"},
}};

}  // namespace

LoraTargets::LoraTargets(const std::vector<NamedShape>& tensors) {
    for (const NamedShape& tensor : tensors) {
        if (isLayer(tensor)) {
            m_layers.push_back({tensor.name.substr(0, tensor.name.size() - kWeight.size()), tensor.shape});
        }
    }
}

void LoraTargets::name(std::size_t layer, std::string_view path) {
    m_byName.try_emplace(flattened(path), layer);
}

LoraTargets LoraTargets::ofUNet(const std::vector<NamedShape>& tensors) {
    LoraTargets targets(tensors);
    std::vector<std::string> paths;
    for (const LoraTarget& layer : targets.m_layers) {
        paths.push_back(layer.path);
    }
    const OriginalNames names(paths);
    for (const auto& block : names.blocks()) {
        targets.m_hasAttention.push_back(block.hasAttention);
        targets.m_middle = block.name == "middle_block" ? targets.m_hasAttention.size() : targets.m_middle;
    }
    for (std::size_t i = 0; i < targets.m_layers.size(); ++i) {
        LoraTarget& layer = targets.m_layers[i];
        targets.name(i, layer.path);
        constexpr std::string_view kNumbered = ".to_out.0";
        if (layer.path.ends_with(kNumbered)) {
            targets.name(i, std::string_view(layer.path).substr(0, layer.path.size() - 2));
        }
        const std::string original = names.original(layer.path);
        if (original.empty()) {
            continue;
        }
        targets.name(i, original);
        const auto block = std::ranges::find_if(
            names.blocks(), [&original](const auto& each) { return original.starts_with(each.name + '.'); });
        layer.block =
            block == names.blocks().end() ? 0 : static_cast<std::size_t>(block - names.blocks().begin()) + 1;
    }
    return targets;
}

LoraTargets LoraTargets::ofText(const std::vector<NamedShape>& tensors) {
    LoraTargets targets(tensors);
    for (std::size_t i = 0; i < targets.m_layers.size(); ++i) {
        std::string_view bare = targets.m_layers[i].path;
        if (bare.starts_with(kTextModel)) {
            bare.remove_prefix(kTextModel.size());
        }
        std::vector<std::string> paths{std::string(bare)};
        for (const auto& [now, then] : kOldText) {
            if (bare.ends_with(now)) {
                paths.push_back(std::string(bare.substr(0, bare.size() - now.size())) + std::string(then));
            }
        }
        for (const std::string& path : paths) {
            targets.name(i, path);
            targets.name(i, std::string(kTextModel) + path);
        }
    }
    return targets;
}

const LoraTarget* LoraTargets::find(const std::string& layer) const {
    const auto found = m_byName.find(layer);
    return found == m_byName.end() ? nullptr : &m_layers[found->second];
}

}  // namespace easel::models
