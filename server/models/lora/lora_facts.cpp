// SPDX-License-Identifier: Apache-2.0
#include "server/models/lora/lora_facts.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "server/models/files/json_object.h"

namespace easel::models {

namespace {

using enum LoraRole;

constexpr std::size_t kTriggers = 10;
constexpr std::size_t kMostTitleBytes = 200;
constexpr std::size_t kMostTagBytes = std::size_t{4} << 20;

constexpr const char* kOne = "Stable Diffusion 1";
constexpr const char* kTwo = "Stable Diffusion 2";
constexpr const char* kXl = "Stable Diffusion XL";

std::string valueOf(const Metadata& metadata, const std::string& key) {
    const auto found = metadata.find(key);
    return found == metadata.end() ? "" : found->second;
}

std::int64_t extent(const TensorEntry* tensor, std::size_t dimension) {
    return tensor != nullptr && dimension < tensor->shape.size() ? tensor->shape[dimension] : 0;
}

/// What the layer takes; 0 where that cannot be told.
std::int64_t inputsOf(const LoraModule& m) {
    switch (m.kind) {
        case LoraKind::LowRank:
            return extent(m[Down], 1);
        case LoraKind::Hadamard:
            return extent(m[HadaW1B], 1);
        case LoraKind::Kronecker:
            return extent(m[LokrW1] != nullptr ? m[LokrW1] : m[LokrW1B], 1) *
                   extent(m[LokrW2] != nullptr ? m[LokrW2] : m[LokrW2B], 1);
        case LoraKind::Whole:
            return extent(m[Diff], 1);
    }
    return 0;
}

std::string familyByShapes(std::span<const LoraModule> modules) {
    for (const LoraModule& module : modules) {
        const std::string& layer = module.layer;
        if (layer.find("double_blocks") != std::string::npos ||
            layer.find("single_transformer_blocks") != std::string::npos) {
            return "FLUX.1";
        }
        if (layer.find("joint_blocks") != std::string::npos) {
            return "Stable Diffusion 3";
        }
        if (module.network == LoraNetwork::SecondText) {
            return kXl;
        }
        if (layer.ends_with("attn2_to_k") || layer.ends_with("attn2_to_v")) {
            switch (inputsOf(module)) {
                case 768:
                    return kOne;
                case 1024:
                    return kTwo;
                case 1280:
                    return "the refiner of Stable Diffusion XL";
                case 2048:
                    return kXl;
                default:
                    break;
            }
        }
    }
    return {};
}

/// Kohya's scripts count the words of all captions, folder by folder.
std::vector<std::string> triggersIn(const Metadata& metadata) {
    const std::string given = valueOf(metadata, "modelspec.trigger_phrase");
    if (!given.empty()) {
        return {given.substr(0, kMostTitleBytes)};
    }
    const auto text = metadata.find("ss_tag_frequency");
    if (text == metadata.end() || text->second.size() > kMostTagBytes) {
        return {};
    }
    const auto json = JsonObject::parse("ss_tag_frequency", text->second);
    if (!json) {
        return {};  // no word is needed to draw
    }
    std::map<std::string, int> counts;
    for (const std::string& folder : json->keys()) {
        if (auto tags = json->object(folder)) {
            for (const std::string& tag : tags->keys()) {
                int& count = counts[tag];
                count = static_cast<int>(
                    std::min<std::int64_t>(std::int64_t{count} + tags->integer(tag, 0, 0, 1 << 30), 1 << 30));
            }
        }
    }
    std::vector<std::pair<std::string, int>> sorted(counts.begin(), counts.end());
    std::ranges::stable_sort(sorted, std::ranges::greater(), &std::pair<std::string, int>::second);
    std::vector<std::string> triggers;
    for (const auto& [tag, count] : sorted) {
        if (triggers.size() == kTriggers) {
            break;
        }
        if (!tag.empty() && tag.size() <= kMostTitleBytes) {
            triggers.push_back(tag);
        }
    }
    return triggers;
}

}  // namespace

std::string loraFamily(std::span<const LoraModule> modules, const Metadata& metadata) {
    if (std::string family = familyByShapes(modules); !family.empty()) {
        return family;
    }
    const std::string told =
        valueOf(metadata, "modelspec.architecture") + ' ' + valueOf(metadata, "ss_base_model_version");
    constexpr std::array<std::pair<std::string_view, const char*>, 6> kTold{{
        {"stable-diffusion-xl", kXl},
        {"sdxl", kXl},
        {"stable-diffusion-v2", kTwo},
        {"sd_v2", kTwo},
        {"stable-diffusion-v1", kOne},
        {"sd_v1", kOne},
    }};
    for (const auto& [mark, family] : kTold) {
        if (told.find(mark) != std::string::npos) {
            return family;
        }
    }
    return {};
}

LoraFacts factsOf(const LoraFile& file) {
    LoraFacts facts;
    const Metadata& metadata = file.metadata();
    facts.title = valueOf(metadata, "modelspec.title");
    if (facts.title.empty()) {
        facts.title = valueOf(metadata, "ss_output_name");
    }
    if (facts.title.size() > kMostTitleBytes) {
        facts.title.clear();
    }
    facts.family = loraFamily(file.modules(), metadata);
    for (const LoraModule& module : file.modules()) {
        facts.rank = std::max(facts.rank, module.rank);
    }
    facts.triggers = triggersIn(metadata);
    return facts;
}

}  // namespace easel::models
