// SPDX-License-Identifier: Apache-2.0
#include "server/models/lora/lora_file.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <optional>
#include <utility>

#include <fmt/core.h>

#include "server/models/files/numbers.h"

namespace easel::models {

namespace {

using enum LoraRole;

constexpr std::size_t kListed = 4;
constexpr double kMostScale = 1e6;

/// Where the layer's own path begins.
struct Prefix {
    std::string_view text;
    LoraNetwork network;
};
constexpr std::array<Prefix, 11> kPrefixes{{
    {"lora_unet_", LoraNetwork::UNet},
    {"lora_te1_", LoraNetwork::FirstText},
    {"lora_te2_", LoraNetwork::SecondText},
    {"lora_te_", LoraNetwork::FirstText},
    {"unet.", LoraNetwork::UNet},
    {"model.diffusion_model.", LoraNetwork::UNet},
    {"diffusion_model.", LoraNetwork::UNet},
    {"text_encoder_2.", LoraNetwork::SecondText},
    {"text_encoder.", LoraNetwork::FirstText},
    {"base_model.model.", LoraNetwork::Any},
    {"lycoris_", LoraNetwork::Any},
}};

template <typename T>
T read(const TensorEntry& entry) {
    T value;
    std::memcpy(&value, entry.data.data(), sizeof value);
    return value;
}

/// The one number of a tensor.
std::optional<double> numberIn(const TensorEntry& entry) {
    const auto isOne = [](std::int64_t extent) { return extent == 1; };
    if (!std::ranges::all_of(entry.shape, isOne)) {
        return std::nullopt;
    }
    switch (entry.dtype) {
        case DType::F64:
            return read<double>(entry);
        case DType::I32:
            return read<std::int32_t>(entry);
        case DType::I64:
            return static_cast<double>(read<std::int64_t>(entry));
        default:
            break;
    }
    const auto numbers = numbersOf(entry);
    return numbers ? std::optional<double>(numbers->front()) : std::nullopt;
}

void placeIn(LoraModule& module) {
    std::string_view path = module.name;
    for (bool isTaken = true; isTaken;) {
        isTaken = false;
        for (const auto& [text, network] : kPrefixes) {
            if (path.starts_with(text)) {
                path.remove_prefix(text.size());
                module.network = network == LoraNetwork::Any ? module.network : network;
                isTaken = true;
                break;
            }
        }
    }
    module.layer = flattened(path);
}

std::int64_t firstExtent(const TensorEntry* tensor) {
    return tensor == nullptr || tensor->shape.empty() ? 0 : tensor->shape.front();
}

/// Finds the module's kind and rank; false when a part is missing.
bool understand(LoraModule& module) {
    const auto has = [&module](LoraRole role) { return module[role] != nullptr; };
    if (has(Down) || has(Up)) {
        module.kind = LoraKind::LowRank;
        module.rank = firstExtent(module[Down]);
        return has(Down) && has(Up) && module.rank > 0;
    }
    if (has(HadaW1B)) {
        module.kind = LoraKind::Hadamard;
        module.rank = firstExtent(module[HadaW1B]);
        return has(HadaW1A) && has(HadaW2A) && has(HadaW2B) && has(HadaT1) == has(HadaT2) && module.rank > 0;
    }
    if (has(LokrW1) || has(LokrW1A)) {
        module.kind = LoraKind::Kronecker;
        // LyCORIS counts the second factor's where both are products.
        module.rank = has(LokrW2B) ? firstExtent(module[LokrW2B]) : firstExtent(module[LokrW1B]);
        return (has(LokrW1) || has(LokrW1B)) && (has(LokrW2) || (has(LokrW2A) && has(LokrW2B)));
    }
    module.kind = LoraKind::Whole;
    return has(Diff) || has(DiffBias);
}

}  // namespace

protocol::Problem loraProblem(const std::string& file, const std::string& what) {
    return protocol::invalidField("loras", file + ": " + what);
}

std::string listed(const std::vector<std::string>& names) {
    std::string text;
    for (std::size_t i = 0; i < std::min(names.size(), kListed); ++i) {
        text += (text.empty() ? "" : ", ") + names[i];
    }
    return names.size() > kListed ? fmt::format("{} and {} more", text, names.size() - kListed) : text;
}

protocol::Expected<std::vector<LoraModule>> loraModules(std::span<const TensorEntry> tensors,
                                                        const PeftSettings& settings,
                                                        const std::string& fileName) {
    std::map<std::string, LoraModule> byName;
    std::vector<std::string> strange;
    for (const TensorEntry& tensor : tensors) {
        auto key = splitLoraKey(tensor.name);
        if (!key) {
            strange.push_back(tensor.name);
            continue;
        }
        LoraModule& module = byName[key->module];
        const TensorEntry*& place = module.tensors[static_cast<std::size_t>(key->role)];
        if (place != nullptr) {
            return tl::unexpected(loraProblem(
                fileName, fmt::format("{} and {} are the same of one layer.", place->name, tensor.name)));
        }
        place = &tensor;
        module.name = std::move(key->module);
    }
    if (!strange.empty()) {
        return tl::unexpected(loraProblem(
            fileName,
            fmt::format("{} of its {} tensors are of no kind of LoRA that is known here: {}. Known are LoRA, "
                        "LoCon, LoHa, LoKr and DoRA, with the names of kohya's scripts, diffusers and PEFT.",
                        strange.size(), tensors.size(), listed(strange))));
    }
    std::vector<LoraModule> modules;
    for (auto& [name, module] : byName) {
        if (!understand(module)) {
            return tl::unexpected(loraProblem(
                fileName,
                fmt::format("What it has for {} is not whole: a factor is missing or empty. Get the "
                            "file again.",
                            name)));
        }
        placeIn(module);
        std::optional<double> alpha;
        if (const TensorEntry* const given = module[Alpha]) {
            alpha = numberIn(*given);
            if (!alpha || !std::isfinite(*alpha)) {
                return tl::unexpected(
                    loraProblem(fileName, fmt::format("{} is not one finite number.", given->name)));
            }
        }
        if (module.rank > 0) {
            module.scale = settings.scaleOf(module.network, module.layer, module.rank, alpha);
            if (std::abs(module.scale) > kMostScale) {
                return tl::unexpected(loraProblem(
                    fileName,
                    fmt::format("Its alpha for {} is beyond all reason; the file is damaged.", name)));
            }
        }
        modules.push_back(std::move(module));
    }
    if (modules.empty()) {
        return tl::unexpected(loraProblem(fileName, "It holds no tensors."));
    }
    return modules;
}

protocol::Expected<LoraFile> LoraFile::open(const std::filesystem::path& path) {
    auto opened = SafetensorsFile::open(path);
    if (!opened) {
        return tl::unexpected(loraProblem(path.string(), opened.error().detail));
    }
    LoraFile file(std::move(*opened));
    const auto settings = PeftSettings::of(path, file.metadata());
    if (!settings) {
        return tl::unexpected(loraProblem(path.string(), settings.error().detail));
    }
    auto modules = loraModules(file.m_file.tensors(), *settings, path.string());
    if (!modules) {
        return tl::unexpected(std::move(modules.error()));
    }
    file.m_modules = std::move(*modules);
    return file;
}

}  // namespace easel::models
