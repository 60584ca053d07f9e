// SPDX-License-Identifier: Apache-2.0
#include "server/models/checkpoint_model.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include <fmt/core.h>

#include "server/models/configs/scheduler_class.h"
#include "server/models/files/model_problem.h"

namespace easel::models {

namespace {

/// As CLIP's tokenizer is shipped with Stable Diffusion; what OpenCLIP trained is padded with its first
/// token.
TokenizerConfig tokenizerFor(const TextEncoderConfig& encoder) {
    TokenizerConfig config;
    if (encoder.activation == Activation::Gelu) {
        config.pad.text = "!";
    }
    config.maxLength = std::min(config.maxLength, encoder.maxPositions);
    return config;
}

std::string_view inWords(std::string_view part) {
    if (part == kVae) {
        return "VAE";
    }
    return part == "text_encoder" ? "text encoder" : "second text encoder";
}

protocol::Problem lacks(const std::filesystem::path& file, const std::vector<std::string>& parts) {
    std::string list;
    for (const std::string& part : parts) {
        list += fmt::format("{}its {}", list.empty() ? "" : (&part == &parts.back() ? " and " : ", "),
                            inWords(part));
    }
    const std::string vae = std::ranges::find(parts, kVae) != parts.end() && parts.size() == 1
                                ? R"({"vae": "FILE OR FOLDER"} or )"
                                : "";
    return modelProblem(
        file, fmt::format("This model lacks {}. Say where to take that from, in a file {} beside it: {}{}",
                          list, notesFileOf(file).filename().string(), vae,
                          R"({"base": "CHECKPOINT OR FOLDER"}, a model of the same family that has it.)"));
}

/// Where `part` of `model` lies.
PartPlace placeOf(const ModelFolder& model, const std::string& part) {
    const auto found = model.places.find(part);
    return found != model.places.end() ? found->second : PartPlace{model.root / part};
}

/// Takes each of `parts` from `base`, as far as that has it; those that it has not are left.
void borrow(ModelFolder& model, const ModelFolder& base, std::vector<std::string>& parts) {
    std::erase_if(parts, [&](const std::string& part) {
        const auto text = std::ranges::find(base.texts, part, &TextComponent::name);
        if (part == kVae) {
            model.vae = base.vae;
        } else if (text != base.texts.end()) {
            model.texts.push_back(*text);
        } else {
            return false;
        }
        model.places[part] = placeOf(base, part);
        return true;
    });
}

/// Completes `model` with the parts that are missing, by its notes.
protocol::Expected<void> complete(ModelFolder& model, const CheckpointNotes& notes,
                                  std::vector<std::string> missing) {
    if (!notes.vae.empty()) {
        auto vae = readVae(notes.vae, model.family);
        if (!vae) {
            return tl::unexpected(std::move(vae.error()));
        }
        model.vae = std::move(*vae);
        model.places[std::string(kVae)] = {notes.vae};
        std::erase(missing, kVae);
    }
    if (!missing.empty() && !notes.base.empty()) {
        if (const auto again = readCheckpointNotes(notes.base); again && !again->base.empty()) {
            return tl::unexpected(
                modelProblem(notesFileOf(model.root),
                             "Its \"base\" takes parts from elsewhere itself; name one that is whole."));
        }
        const auto base = openModelFolder(notes.base);
        if (!base) {
            return tl::unexpected(base.error());
        }
        borrow(model, *base, missing);
    }
    if (!missing.empty()) {
        return tl::unexpected(lacks(model.root, missing));
    }
    return {};
}

}  // namespace

SchedulerConfig schedulerFor(const Checkpoint& checkpoint) {
    const bool isXL = checkpoint.family != Family::StableDiffusion;
    const bool isV = checkpoint.prediction.type == PredictionType::VPrediction;
    const bool isPlain = checkpoint.unet.inChannels == checkpoint.unet.outChannels;
    const SchedulerClass& own = *findSchedulerClass(isXL              ? "EulerDiscreteScheduler"
                                                    : isPlain && !isV ? "PNDMScheduler"
                                                                      : "DDIMScheduler");
    SchedulerConfig config;
    config.sampler = own.sampler;
    config.isOwn = own.isSame;
    config.ownBetas = own.betas;
    config.betaStart = 0.00085;
    config.betaEnd = 0.012;
    config.betaSchedule = BetaSchedule::ScaledLinear;
    config.prediction = checkpoint.prediction.type;
    config.stepsOffset = 1;
    config.clipSample = false;
    config.setAlphaToOne = false;
    if (isXL) {
        config.timestepSpacing = TimestepSpacing::Leading;
        config.karrasSigmas = false;
    }
    if (checkpoint.prediction.isZeroSnr) {  // whose first step is at the very end
        config.rescaleBetasZeroSnr = true;
        config.timestepSpacing = TimestepSpacing::Trailing;
    }
    return config;
}

protocol::Expected<ModelFolder> openCheckpoint(const std::filesystem::path& file) {
    const auto notes = readCheckpointNotes(file);
    if (!notes) {
        return tl::unexpected(notes.error());
    }
    const auto checkpoint = readCheckpoint(file, *notes);
    if (!checkpoint) {
        return tl::unexpected(checkpoint.error());
    }
    ModelFolder model;
    model.root = file;
    model.family = checkpoint->family;
    model.unet = checkpoint->unet;
    model.vae = checkpoint->vae.value_or(VaeConfig());
    model.scheduler = schedulerFor(*checkpoint);
    model.zerosForEmptyPrompt = model.family == Family::StableDiffusionXL;
    for (const auto& [part, encoder] : checkpoint->texts) {
        model.texts.push_back({part, {}, tokenizerFor(encoder), encoder});
    }
    for (const auto& [part, source] : checkpoint->parts) {
        model.places[part] = {file, notes->average && part == kUNet};
    }
    if (!notes->tinyVae.empty()) {
        model.places[std::string(kTinyVae)] = {notes->tinyVae};
    }
    if (const auto whole = complete(model, *notes, missingParts(*checkpoint)); !whole) {
        return tl::unexpected(whole.error());
    }
    // In the order in which the UNet takes their features, wherever they came from.
    std::ranges::sort(model.texts, {}, &TextComponent::name);
    return model;
}

}  // namespace easel::models
