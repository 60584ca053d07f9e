// SPDX-License-Identifier: Apache-2.0
#include "server/models/model_folder.h"

#include <algorithm>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include <fmt/core.h>

#include "server/models/checkpoint.h"
#include "server/models/checkpoint_model.h"
#include "server/models/files/model_problem.h"
#include "server/models/habits.h"
#include "server/models/model_card.h"
#include "server/models/model_index.h"
#include "server/models/own_info.h"
#include "server/models/tiny_vae.h"

namespace easel::models {

namespace {

bool isFile(const std::filesystem::path& place) {
    std::error_code error;
    return std::filesystem::is_regular_file(place, error);
}

/// How many numbers a UNet of `family` is told beside the prompt as a whole.
int idsOf(Family family) {
    switch (family) {
        case Family::StableDiffusion:
            break;
        case Family::StableDiffusionXL:
            return 6;  // the original size, where it was cut, the size to aim at
        case Family::StableDiffusionXLRefiner:
            return 5;  // a score in place of the size to aim at
    }
    return 0;
}

/// Parts that were read one by one must also go together.
protocol::Expected<void> checkParts(const ModelFolder& model) {
    const auto misfit = [&model](const std::string& what) {
        return tl::unexpected(
            modelProblem(model.root, fmt::format("Its parts do not go together: {}.", what)));
    };
    const auto differ = [&misfit](const char* one, int a, const char* other, int b) {
        return misfit(fmt::format("{} is {} but {} is {}", one, a, other, b));
    };
    int features = 0;
    for (const TextComponent& text : model.texts) {
        features += text.encoder.hiddenSize;
        if (text.tokenizer.maxLength > text.encoder.maxPositions) {
            return differ("the tokenizer's model_max_length", text.tokenizer.maxLength,
                          "the text encoder's max_position_embeddings", text.encoder.maxPositions);
        }
        if (text.tokenizer.maxLength != model.texts.front().tokenizer.maxLength) {
            return differ("the second tokenizer's model_max_length", text.tokenizer.maxLength, "the first's",
                          model.texts.front().tokenizer.maxLength);
        }
    }
    if (model.unet.crossAttentionDim != features) {
        return differ("the UNet's cross_attention_dim", model.unet.crossAttentionDim,
                      model.texts.size() == 1 ? "the text encoder's hidden_size"
                                              : "the text encoders' hidden_size together",
                      features);
    }
    const int whole = model.texts.back().encoder.projectionDim;
    const int addition = model.family == Family::StableDiffusion
                             ? 0
                             : whole + idsOf(model.family) * model.unet.additionIdWidth;
    if (model.unet.additionWidth != addition) {
        return differ("the UNet's projection_class_embeddings_input_dim", model.unet.additionWidth,
                      "what its text encoders and sizes make", addition);
    }
    if (model.family != Family::StableDiffusion && model.vae.latentStats) {
        return misfit("the VAE's latents_mean and latents_std are not supported by this engine");
    }
    const int latent = model.vae.latentChannels;
    if (model.unet.inChannels != latent && model.unet.inChannels != 2 * latent &&
        model.unet.inChannels != 2 * latent + 1) {
        return differ("the UNet's in_channels", model.unet.inChannels, "the VAE's latent_channels", latent);
    }
    if (model.unet.outChannels != model.vae.latentChannels) {
        return differ("the UNet's out_channels", model.unet.outChannels, "the VAE's latent_channels",
                      model.vae.latentChannels);
    }
    return {};
}

/// What the configs tell about how the model likes to be used.
protocol::ModelInfo defaultInfo(const ModelFolder& model) {
    protocol::ModelInfo info;
    info.id = isFile(model.root) ? model.root.stem().string() : model.root.filename().string();
    info.title = info.id;
    info.licence = licenceIn(model.root);
    const protocol::Limits limits;
    const int side = model.unet.sampleSize * model.vae.scale();
    info.width = info.height = std::clamp(side - side % limits.sideMultiple, limits.minSide, limits.maxSide);
    info.sampler = model.scheduler.sampler;
    info.notes = model.scheduler.notes;
    tellHabits(model, info);
    return info;
}

/// Puts what was read where it belongs; false after the first failure.
template <typename T>
bool take(protocol::Expected<T> read, T& place, std::optional<protocol::Problem>& problem) {
    if (read) {
        place = std::move(*read);
    } else {
        problem = std::move(read.error());
    }
    return !problem;
}

/// The text encoder in the folder `encoder`, with the tokenizer that is numbered like it.
protocol::Expected<TextComponent> readText(const std::filesystem::path& root, const std::string& encoder) {
    TextComponent text{
        encoder, root / ("tokenizer" + encoder.substr(std::string("text_encoder").size())), {}, {}};
    std::optional<protocol::Problem> problem;
    if (!take(readTokenizerConfig(text.tokenizerFolder), text.tokenizer, problem) ||
        !take(readTextEncoderConfig(root / encoder / "config.json", encoder != "text_encoder"), text.encoder,
              problem)) {
        return tl::unexpected(std::move(*problem));
    }
    return text;
}

protocol::Expected<std::vector<TextComponent>> readTexts(const std::filesystem::path& root, Family family) {
    std::vector<TextComponent> texts;
    for (const Component& component : componentsOf(family)) {
        if (component.name.starts_with("text_encoder")) {
            auto text = readText(root, std::string(component.name));
            if (!text) {
                return tl::unexpected(std::move(text.error()));
            }
            texts.push_back(std::move(*text));
        }
    }
    return texts;
}

protocol::Expected<ModelFolder> readFolder(const std::filesystem::path& root) {
    std::error_code error;
    if (!std::filesystem::exists(root / "model_index.json", error)) {
        return tl::unexpected(modelProblem(
            root,
            "There is no model here: model_index.json is missing. Easel reads diffusers' layout, and "
            "checkpoints, which are one .safetensors file."));
    }
    const auto index = readModelIndex(root / "model_index.json");
    if (!index) {
        return tl::unexpected(index.error());
    }
    ModelFolder model;
    model.root = root;
    model.family = index->family;
    model.schedulerClass = index->schedulerClass;
    model.zerosForEmptyPrompt = model.family != Family::StableDiffusion && index->zerosForEmptyPrompt;
    std::optional<protocol::Problem> problem;
    if (!take(readTexts(model.root, model.family), model.texts, problem) ||
        !take(readUNetConfig(configOf(model, kUNet)), model.unet, problem) ||
        !take(readVaeConfig(configOf(model, kVae)), model.vae, problem) ||
        !take(readSchedulerConfig(model.root / "scheduler" / "scheduler_config.json", index->schedulerClass),
              model.scheduler, problem)) {
        return tl::unexpected(std::move(*problem));
    }
    if (auto tiny = tinyVaeIn(root); !tiny.empty()) {
        model.places[std::string(kTinyVae)] = {std::move(tiny)};
    }
    return model;
}

}  // namespace

protocol::Expected<ModelFolder> openModelFolder(const std::filesystem::path& root) {
    std::error_code error;
    const bool isCheckpoint = isFile(root);
    // A checkpoint's name is the file's own, not that of what it may link to.
    const auto place = isCheckpoint ? std::filesystem::absolute(root, error)
                                    : std::filesystem::weakly_canonical(root / ".", error);
    auto model = isCheckpoint ? openCheckpoint(place) : readFolder(error ? root : place);
    if (!model) {
        return model;
    }
    if (const auto together = checkParts(*model); !together) {
        return tl::unexpected(together.error());
    }
    model->info = defaultInfo(*model);
    const auto own = isCheckpoint ? notesFileOf(place) : model->root / "easel.json";
    if (std::filesystem::exists(own, error)) {
        if (const auto read = readOwnInfo(own, model->info); !read) {
            return tl::unexpected(read.error());
        }
    }
    return model;
}

protocol::Expected<void> replaceVae(ModelFolder& model, const std::filesystem::path& place) {
    auto vae = readVae(place, model.family);
    if (!vae) {
        return tl::unexpected(std::move(vae.error()));
    }
    if (vae->latentChannels != model.vae.latentChannels || vae->scale() != model.vae.scale()) {
        return tl::unexpected(modelProblem(
            place,
            fmt::format("This VAE does not fit the model: its latents have {} channels and stand for {} "
                        "pixels a side, the model's have {} and {}.",
                        vae->latentChannels, vae->scale(), model.vae.latentChannels, model.vae.scale())));
    }
    model.vae = std::move(*vae);
    model.places[std::string(kVae)] = {place, false};
    return {};
}

std::string controlNetPart(const std::filesystem::path& place) {
    return "controlnet " + place.string();
}

void addControlNet(ModelFolder& model, const std::filesystem::path& place) {
    const std::string part = controlNetPart(place);
    if (model.places.emplace(part, PartPlace{place, false}).second) {
        model.controlNets.push_back(part);
    }
}

Task taskOf(const ModelFolder& model) {
    const int beside = model.unet.inChannels - model.vae.latentChannels;
    if (beside == 0) {
        return Task::Draw;
    }
    return beside == model.vae.latentChannels ? Task::Edit : Task::Inpaint;
}

bool hasTinyVae(const ModelFolder& model) {
    return model.places.contains(kTinyVae);
}

std::vector<std::string> partsWithWeights(const ModelFolder& model) {
    std::vector<std::string> parts;
    for (const TextComponent& text : model.texts) {
        parts.push_back(text.name);
    }
    parts.emplace_back(kUNet);
    parts.emplace_back(kVae);
    if (hasTinyVae(model)) {
        parts.emplace_back(kTinyVae);
    }
    parts.insert(parts.end(), model.controlNets.begin(), model.controlNets.end());
    return parts;
}

protocol::Expected<TensorSource> openWeights(const ModelFolder& model, std::string_view part) {
    const auto found = model.places.find(part);
    if (found != model.places.end() && part == kTinyVae) {
        return openTinyDecoder(found->second.path);
    }
    if (found != model.places.end() && isFile(found->second.path)) {
        const bool isControlNet = std::ranges::find(model.controlNets, part) != model.controlNets.end();
        return openPart(found->second.path, isControlNet ? "controlnet" : part, found->second.average);
    }
    const bool isText = std::ranges::find(model.texts, part, &TextComponent::name) != model.texts.end();
    return TensorSource::open(found != model.places.end() ? found->second.path : model.root / part,
                              isText ? WeightNaming::Transformers : WeightNaming::Diffusers);
}

std::filesystem::path configOf(const ModelFolder& model, std::string_view part) {
    const auto found = model.places.find(part);
    if (found == model.places.end()) {
        return model.root / part / "config.json";
    }
    const auto& place = found->second.path;
    return isFile(place) ? notesFileOf(place) : place / "config.json";
}

protocol::Expected<std::int64_t> countWeights(const ModelFolder& model) {
    std::int64_t numbers = 0;
    for (const std::string& part : partsWithWeights(model)) {
        const auto source = openWeights(model, part);
        if (!source) {
            return tl::unexpected(source.error());
        }
        numbers += source->numbers();
    }
    return numbers;
}

}  // namespace easel::models
