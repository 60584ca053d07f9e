// SPDX-License-Identifier: Apache-2.0
#include "server/models/checkpoint.h"

#include <memory>
#include <system_error>
#include <utility>

#include <fmt/core.h>

#include "server/models/checkpoints/parts.h"
#include "server/models/checkpoints/shapes.h"
#include "server/models/files/file_kind.h"
#include "server/models/files/json_object.h"
#include "server/models/files/model_problem.h"

namespace easel::models {

namespace {

constexpr double kScalingOfXL = 0.13025;
constexpr int kRefinersContext = 1280;
constexpr std::string_view kFirstText = "text_encoder";
constexpr std::string_view kSecondText = "text_encoder_2";

std::string_view whereItBelongs(FileKind kind) {
    switch (kind) {
        case FileKind::Lora:
            return " Put it into the folder loras beside your models, and name it with a model's request.";
        case FileKind::Embedding:
            return " Put it into the folder embeddings beside your models, and write its name into a prompt.";
        case FileKind::Vae:
            return " Put it into the folder vaes beside your models, and name it with a model's request.";
        case FileKind::ControlNet:
            return " Put it into the folder controlnets beside your models, and name it with a model's "
                   "request.";
        case FileKind::TinyVae:
        case FileKind::TextEncoder:
            return " It is a part of a model.";
        default:
            return " Easel draws with Stable Diffusion 1.x, 2.x and XL.";
    }
}

/// Known, and not for this engine's arithmetic, though all shapes fit.
std::optional<std::string> otherArithmetic(const SortedTensors& sorted) {
    if (sorted.others.contains("edm_mean")) {
        return "This is a Playground 2.5 model, whose latents are scaled otherwise: Easel does not draw with "
               "it.";
    }
    if (sorted.others.contains("edm_vpred.sigma_max")) {
        return "This model was trained with EDM's noise levels (edm_vpred): Easel does not draw with it.";
    }
    return std::nullopt;
}

Family familyOf(const Checkpoint& checkpoint) {
    if (checkpoint.parts.at("unet").find("add_embedding.linear_1.weight") == nullptr) {
        return Family::StableDiffusion;
    }
    const bool hasFirst = checkpoint.parts.contains(kFirstText);
    const bool hasSecond = checkpoint.parts.contains(kSecondText);
    const bool isRefiner =
        hasSecond ? !hasFirst : !hasFirst && checkpoint.unet.crossAttentionDim == kRefinersContext;
    return isRefiner ? Family::StableDiffusionXLRefiner : Family::StableDiffusionXL;
}

/// The pictures that models of this kind were trained with, as nothing in the file says it.
int sampleSizeOf(const Checkpoint& checkpoint) {
    if (checkpoint.family != Family::StableDiffusion) {
        return 128;
    }
    return checkpoint.unet.linearProjection && checkpoint.prediction.type == PredictionType::VPrediction ? 96
                                                                                                         : 64;
}

/// OpenAI's encoders have their own approximation; OpenCLIP's, from Stable Diffusion 2 on, have the exact
/// one.
Activation activationOf(std::string_view part, const UNetConfig& unet, Family family) {
    const bool isOpenAis = family == Family::StableDiffusion ? !unet.linearProjection : part == kFirstText;
    return isOpenAis ? Activation::QuickGelu : Activation::Gelu;
}

double scalingOf(Family family) {
    return family == Family::StableDiffusion ? VaeConfig().scalingFactor : kScalingOfXL;
}

protocol::Expected<SortedTensors> sorted(const SafetensorsFile& file, bool average) {
    return sortTensors(file.path(), file.tensors(), average);
}

/// Fills in what the shapes say. False when something was wrong, which `problem` tells.
template <typename T, typename Place>
bool take(protocol::Expected<T> read, Place& place, std::optional<protocol::Problem>& problem) {
    if (read) {
        place = std::move(*read);
    } else {
        problem = std::move(read.error());
    }
    return !problem;
}

protocol::Expected<void> readConfigs(Checkpoint& checkpoint) {
    std::optional<protocol::Problem> problem;
    if (const auto vae = checkpoint.parts.find("vae"); vae != checkpoint.parts.end()) {
        if (!take(vaeFromShapes(vae->second), checkpoint.vae, problem)) {
            return tl::unexpected(*problem);
        }
        checkpoint.vae->scalingFactor = scalingOf(checkpoint.family);
    }
    for (const std::string_view part : {kFirstText, kSecondText}) {
        const auto text = checkpoint.parts.find(part);
        if (text != checkpoint.parts.end() &&
            !take(textEncoderFromShapes(text->second, activationOf(part, checkpoint.unet, checkpoint.family),
                                        part == kSecondText),
                  checkpoint.texts[std::string(part)], problem)) {
            return tl::unexpected(*problem);
        }
    }
    return {};
}

protocol::Expected<std::shared_ptr<const SafetensorsFile>> openFile(const std::filesystem::path& file) {
    if (isPickleName(file)) {
        return tl::unexpected(pickleProblem(file));
    }
    return SafetensorsFile::open(file).map([](SafetensorsFile opened) {
        return std::shared_ptr<const SafetensorsFile>(std::make_shared<SafetensorsFile>(std::move(opened)));
    });
}

}  // namespace

std::filesystem::path notesFileOf(const std::filesystem::path& checkpoint) {
    auto file = checkpoint;
    return file.replace_extension(".easel.json");
}

protocol::Expected<CheckpointNotes> readCheckpointNotes(const std::filesystem::path& checkpoint) {
    CheckpointNotes notes;
    const auto file = notesFileOf(checkpoint);
    std::error_code error;
    if (!std::filesystem::exists(file, error)) {
        return notes;
    }
    auto json = JsonObject::read(file);
    if (!json) {
        return tl::unexpected(std::move(json.error()));
    }
    if (json->has("prediction_type")) {
        const std::string type = json->text("prediction_type", {});
        if (type != "epsilon" && type != "v_prediction") {
            json->refuse("prediction_type", "can be \"epsilon\" or \"v_prediction\"");
        }
        notes.prediction = type == "epsilon" ? PredictionType::Epsilon : PredictionType::VPrediction;
    }
    notes.average = json->boolean("ema", false);
    for (const auto& [key, place] : {std::pair("vae", &notes.vae), std::pair("tiny_vae", &notes.tinyVae),
                                     std::pair("base", &notes.base)}) {
        if (const std::string name = json->text(key, {}); !name.empty()) {
            *place = checkpoint.parent_path() / name;
        }
    }
    if (json->problem()) {
        return tl::unexpected(*json->problem());
    }
    return notes;
}

protocol::Expected<Checkpoint> readCheckpoint(const std::filesystem::path& file,
                                              const CheckpointNotes& notes) {
    const auto opened = openFile(file);
    if (!opened) {
        return tl::unexpected(opened.error());
    }
    const FileNature nature = natureOf((*opened)->tensors());
    if (nature.kind != FileKind::Checkpoint && nature.kind != FileKind::UNet) {
        return tl::unexpected(modelProblem(file, fmt::format("This is {}, not a model to draw with.{}",
                                                             nature.what, whereItBelongs(nature.kind))));
    }
    auto all = sorted(**opened, notes.average);
    if (!all) {
        return tl::unexpected(std::move(all.error()));
    }
    if (const auto why = otherArithmetic(*all)) {
        return tl::unexpected(modelProblem(file, *why));
    }
    Checkpoint checkpoint;
    checkpoint.hasAverage = all->hasAverage;
    for (auto& [part, tensors] : all->parts) {
        auto source = TensorSource::of(*opened, std::move(tensors));
        if (!source) {
            return tl::unexpected(std::move(source.error()));
        }
        checkpoint.parts.emplace(part, std::move(*source));
    }
    std::optional<protocol::Problem> problem;
    if (!checkpoint.parts.contains("unet")) {
        return tl::unexpected(
            modelProblem(file, "Its UNet is not where it belongs, below model.diffusion_model."));
    }
    const TensorSource& unet = checkpoint.parts.at("unet");
    if (!take(unetFromShapes(unet), checkpoint.unet, problem)) {
        return tl::unexpected(*problem);
    }
    checkpoint.family = familyOf(checkpoint);
    checkpoint.prediction = guessPrediction(*all, unet, checkpoint.unet);
    if (notes.prediction) {
        checkpoint.prediction.type = *notes.prediction;
        checkpoint.prediction.why = notesFileOf(file).filename().string() + " says so";
    }
    checkpoint.unet.sampleSize = sampleSizeOf(checkpoint);
    return readConfigs(checkpoint).map([&checkpoint] { return std::move(checkpoint); });
}

protocol::Expected<TensorSource> openPart(const std::filesystem::path& file, std::string_view part,
                                          bool average) {
    return openFile(file).and_then([&](auto opened) -> protocol::Expected<TensorSource> {
        auto all = sorted(*opened, average);
        if (!all) {
            return tl::unexpected(std::move(all.error()));
        }
        const auto found = all->parts.find(part);
        if (found == all->parts.end()) {
            return tl::unexpected(modelProblem(file, fmt::format("This is {}; there is no {} in it.",
                                                                 natureOf(opened->tensors()).what, part)));
        }
        return TensorSource::of(std::move(opened), std::move(found->second));
    });
}

protocol::Expected<VaeConfig> readVae(const std::filesystem::path& place, Family family) {
    std::error_code error;
    if (std::filesystem::is_directory(place, error)) {
        return readVaeConfig(place / "config.json");
    }
    return openPart(place, "vae").and_then(vaeFromShapes).map([family](VaeConfig config) {
        config.scalingFactor = scalingOf(family);
        return config;
    });
}

std::vector<std::string> missingParts(const Checkpoint& checkpoint) {
    std::vector<std::string> missing;
    for (const Component& component : componentsOf(checkpoint.family)) {
        const std::string name(component.name);
        if (!name.starts_with("tokenizer") && !checkpoint.parts.contains(name)) {
            missing.push_back(name);
        }
    }
    return missing;
}

}  // namespace easel::models
