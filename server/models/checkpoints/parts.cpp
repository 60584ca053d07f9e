// SPDX-License-Identifier: Apache-2.0
#include "server/models/checkpoints/parts.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>

#include <fmt/core.h>

#include "server/models/checkpoints/name_parts.h"
#include "server/models/checkpoints/text_names.h"
#include "server/models/checkpoints/unet_names.h"
#include "server/models/checkpoints/vae_names.h"
#include "server/models/files/file_kind.h"
#include "server/models/files/model_problem.h"
#include "server/models/files/numbers.h"

namespace easel::models {

namespace {

constexpr std::string_view kNested = "state_dict.";
constexpr std::string_view kAverage = "model_ema.";
constexpr std::string_view kUNet = "unet";
constexpr std::string_view kVae = "vae";
constexpr std::string_view kControlNet = "controlnet";
constexpr int kLayersOfStableDiffusion2 = 23;
constexpr int kAllLayers = 1000;

/// Under what a part's tensors stand, and the part.
constexpr Renaming kRoots[] = {
    {"model.diffusion_model.", kUNet},
    {"unet.", kUNet},
    {"first_stage_model.", kVae},
    {"vae.", kVae},
    {"cond_stage_model.transformer.", "text_encoder"},
    {"cond_stage_model.model.", "text_encoder"},
    {"conditioner.embedders.0.transformer.", "text_encoder"},
    {"conditioner.embedders.0.model.", "text_encoder"},
    {"conditioner.embedders.1.transformer.", "text_encoder_2"},
    {"conditioner.embedders.1.model.", "text_encoder_2"},
    {"text_encoder.", "text_encoder"},
    {"text_encoder_2.", "text_encoder_2"},
    {"control_model.", kControlNet},
};
constexpr std::string_view kFirstOpenClip = "conditioner.embedders.0.model.";
constexpr std::string_view kMicroConditioning = "model.diffusion_model.label_emb.0.0.weight";

/// A tensor, and its name below its part's root.
struct Rooted {
    std::string_view name;
    const TensorEntry* tensor;
};
using RootedParts = std::map<std::string, std::vector<Rooted>, std::less<>>;

std::string_view withoutNesting(std::string_view name) {
    takeBegin(name, kNested);
    return name;
}

/// The part that a file without roots is; empty for a file of which that cannot be said.
std::string_view onlyPart(std::span<const TensorEntry> tensors) {
    switch (natureOf(tensors).kind) {
        case FileKind::UNet:
            return kUNet;
        case FileKind::Vae:
            return kVae;
        case FileKind::ControlNet:
            return kControlNet;
        case FileKind::TextEncoder:
            return "text_encoder";
        default:
            return {};
    }
}

/// With `others` for what has no root.
RootedParts rooted(std::span<const TensorEntry> tensors, std::vector<Rooted>& others) {
    const bool hasMicroConditioning = std::ranges::any_of(
        tensors, [](const TensorEntry& tensor) { return withoutNesting(tensor.name) == kMicroConditioning; });
    RootedParts parts;
    for (const TensorEntry& tensor : tensors) {
        std::string_view name = withoutNesting(tensor.name);
        const auto* const root = std::ranges::find_if(
            kRoots, [name](const Renaming& each) { return name.starts_with(each.first); });
        if (root == std::end(kRoots)) {
            others.push_back({name, &tensor});
            continue;
        }
        // SDXL's refiner has the second of the base's encoders, and diffusers calls it so.
        const bool isRefiners = root->first == kFirstOpenClip && hasMicroConditioning;
        takeBegin(name, root->first);
        parts[std::string(isRefiners ? "text_encoder_2" : root->second)].push_back({name, &tensor});
    }
    if (const auto only = onlyPart(tensors); parts.empty() && !only.empty()) {
        parts[std::string(only)] = std::exchange(others, {});
    }
    return parts;
}

std::vector<std::string_view> namesOf(const std::vector<Rooted>& tensors) {
    std::vector<std::string_view> names;
    names.reserve(tensors.size());
    for (const Rooted& each : tensors) {
        names.push_back(each.name);
    }
    return names;
}

bool haveBegin(std::span<const std::string_view> names, std::string_view begin) {
    return std::ranges::any_of(names, [begin](std::string_view name) { return name.starts_with(begin); });
}

TensorEntry withName(const TensorEntry& tensor, std::string name) {
    TensorEntry entry = tensor;
    entry.name = std::move(name);
    return entry;
}

std::vector<TensorEntry> unetOf(const std::vector<Rooted>& tensors) {
    const auto names = namesOf(tensors);
    const bool isOriginal = haveBegin(names, "input_blocks.");
    const UNetNames translation(names);
    std::vector<TensorEntry> out;
    out.reserve(tensors.size());
    for (const auto& [name, tensor] : tensors) {
        const auto translated = isOriginal ? translation.translated(name) : std::nullopt;
        out.push_back(withName(*tensor, translated.value_or(std::string(name))));
    }
    return out;
}

/// The original has 1x1 convolutions where diffusers has linear layers.
void squeeze(TensorEntry& entry) {
    if (entry.name.find("mid_block.attentions.0.") != std::string::npos && entry.shape.size() == 4 &&
        entry.shape[2] == 1 && entry.shape[3] == 1) {
        entry.shape.resize(2);
    }
}

std::vector<TensorEntry> vaeOf(const std::vector<Rooted>& tensors) {
    const VaeNames translation(namesOf(tensors));
    std::vector<TensorEntry> out;
    out.reserve(tensors.size());
    for (const auto& [name, tensor] : tensors) {
        out.push_back(withName(*tensor, translation.translated(name)));
        squeeze(out.back());
    }
    return out;
}

std::vector<TensorEntry> textOf(const std::vector<Rooted>& tensors, int layers) {
    const bool isOpenClip = haveBegin(namesOf(tensors), "transformer.resblocks.");
    std::vector<TensorEntry> out;
    out.reserve(tensors.size());
    for (const auto& [name, tensor] : tensors) {
        if (isOpenClip) {
            addFromOpenClip(*tensor, name, layers, out);
        } else {
            out.push_back(withName(*tensor, std::string(name)));
        }
    }
    return out;
}

/// Gives each weight the scale that stands beside it, and takes away what only other programs need.
protocol::Expected<void> applyScales(const std::filesystem::path& file, std::vector<TensorEntry>& tensors) {
    struct Scale {
        std::string name;
        float value;
    };
    const auto fail = [&file](const std::string& name, const char* why) {
        return tl::unexpected(modelProblem(file, fmt::format("The scale {} {}.", name, why)));
    };
    std::map<std::string, Scale, std::less<>> scales;  // by the weight's name
    for (const TensorEntry& tensor : tensors) {
        const std::string_view name = tensor.name;
        for (const std::string_view end : {".scale_weight", ".weight_scale"}) {
            if (!name.ends_with(end)) {
                continue;
            }
            const auto numbers = numbersOf(tensor);
            if (!numbers || numbers->size() != 1) {
                return fail(tensor.name,
                            "is not one number for its whole weight, which is the only kind of scaled fp8 "
                            "that Easel reads");
            }
            if (!std::isfinite(numbers->front())) {
                return fail(tensor.name, "is not a finite number; the file is damaged");
            }
            scales.insert_or_assign(std::string(name.substr(0, name.size() - end.size())) + ".weight",
                                    Scale{tensor.name, numbers->front()});
        }
    }
    std::erase_if(tensors, [](const TensorEntry& tensor) {
        const std::string_view name = tensor.name;
        return name == "scaled_fp8" || name.ends_with(".scale_weight") || name.ends_with(".scale_input") ||
               name.ends_with(".weight_scale") || name.ends_with(".input_scale") ||
               name.ends_with(".comfy_quant");
    });
    for (TensorEntry& tensor : tensors) {
        if (const auto found = scales.find(tensor.name); found != scales.end()) {
            tensor.scale = found->second.value;
            scales.erase(found);
        }
    }
    if (!scales.empty()) {
        return fail(scales.begin()->second.name, "belongs to no weight that is there");
    }
    return {};
}

/// The UNet's tensors as their running average has them, whose names are the whole path without its dots.
protocol::Expected<void> takeAverage(const std::filesystem::path& file, std::vector<Rooted>& unet,
                                     const std::map<std::string_view, const TensorEntry*>& average) {
    for (auto& [name, tensor] : unet) {
        std::string flat = "diffusion_model" + std::string(name);
        std::erase(flat, '.');
        const auto found = average.find(flat);
        if (found == average.end() || found->second->shape != tensor->shape) {
            return tl::unexpected(modelProblem(
                file,
                fmt::format("It has no running average (EMA) of {}. Leave \"ema\" out of its .easel.json.",
                            tensor->name)));
        }
        tensor = found->second;
    }
    return {};
}

}  // namespace

protocol::Expected<SortedTensors> sortTensors(const std::filesystem::path& file,
                                              std::span<const TensorEntry> tensors, bool average) {
    std::vector<Rooted> others;
    RootedParts parts = rooted(tensors, others);
    SortedTensors sorted;
    std::map<std::string_view, const TensorEntry*> averages;
    for (auto [name, tensor] : others) {
        if (takeBegin(name, kAverage)) {
            averages.emplace(name, tensor);
        } else {
            sorted.others.insert_or_assign(std::string(name), *tensor);
        }
    }
    sorted.hasAverage = averages.size() > 2;  // it is counted even where there is none
    const auto unet = parts.find(kUNet);
    if (average && unet != parts.end()) {
        if (const auto taken = takeAverage(file, unet->second, averages); !taken) {
            return tl::unexpected(taken.error());
        }
    }
    const bool hasSecond = parts.contains("text_encoder_2");
    for (const auto& [part, rootedTensors] : parts) {
        auto& out = sorted.parts[part];
        if (part == kUNet || part == kControlNet) {
            out = unetOf(rootedTensors);
        } else if (part == kVae) {
            out = vaeOf(rootedTensors);
        } else {
            out = textOf(rootedTensors, hasSecond ? kAllLayers : kLayersOfStableDiffusion2);
        }
        if (const auto scaled = applyScales(file, out); !scaled) {
            return tl::unexpected(scaled.error());
        }
    }
    return sorted;
}

}  // namespace easel::models
