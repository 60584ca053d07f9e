// SPDX-License-Identifier: Apache-2.0
#include "server/models/model_folder.h"

#include <algorithm>
#include <string>
#include <system_error>
#include <utility>

#include <fmt/core.h>

#include "server/models/configs/scheduler_class.h"
#include "server/models/files/json_object.h"
#include "server/models/files/model_problem.h"
#include "server/models/files/tensor_source.h"
#include "server/models/model_card.h"

namespace easel::models {

namespace {

/// What model_index.json says of the whole.
struct Index {
    Family family;
    std::string schedulerClass;
    std::vector<IndexedPart> parts;
};

/// The parts that a picture is made of must be those that this engine has, and all that there are.
protocol::Expected<Index> checkIndex(protocol::Expected<JsonObject> json) {
    if (!json) {
        return tl::unexpected(std::move(json.error()));
    }
    // A pipeline of somebody's own is named by its file, too.
    const std::string pipeline = json->namesClass("_class_name") ? json->texts("_class_name")[1]
                                                                 : json->text("_class_name", "pipeline");
    const PipelineClass& known = pipelineClass(pipeline);
    for (const std::string& key : json->keys()) {
        if (!key.starts_with('_') && json->namesClass(key) && !known.has(key) &&
            std::find(known.besides.begin(), known.besides.end(), key) == known.besides.end()) {
            json->refuse(key,
                         fmt::format("is a part of this {} that is not supported by this engine", pipeline));
        }
    }
    for (const auto& [component, classes] : known.components) {
        const std::string key(component);
        const auto named = json->texts(key);  // [library, class]
        if (named.size() != 2 || std::find(classes.begin(), classes.end(), named[1]) == classes.end()) {
            json->refuse(key, fmt::format("is not supported by this engine; its class can only be {}",
                                          classes.front()));
        }
    }
    const auto scheduler = json->texts("scheduler");
    if (scheduler.size() != 2 || !findSchedulerClass(scheduler[1])) {
        json->refuse("scheduler",
                     "is not supported by this engine; its class can be one of " + knownSchedulerClasses());
    }
    if (json->problem()) {
        return tl::unexpected(*json->problem());
    }
    Index index{known.family, scheduler[1], {{"scheduler", scheduler[0]}}};
    for (const auto& [component, classes] : known.components) {
        std::string name(component);
        std::string library = json->texts(name)[0];
        index.parts.push_back({std::move(name), std::move(library)});
    }
    return index;
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
    if (model.unet.crossAttentionDim != model.textEncoder.hiddenSize) {
        return differ("the UNet's cross_attention_dim", model.unet.crossAttentionDim,
                      "the text encoder's hidden_size", model.textEncoder.hiddenSize);
    }
    if (model.unet.inChannels != model.vae.latentChannels) {
        return differ("the UNet's in_channels", model.unet.inChannels, "the VAE's latent_channels",
                      model.vae.latentChannels);
    }
    if (model.unet.outChannels != model.vae.latentChannels) {
        return differ("the UNet's out_channels", model.unet.outChannels, "the VAE's latent_channels",
                      model.vae.latentChannels);
    }
    if (model.tokenizer.maxLength > model.textEncoder.maxPositions) {
        return differ("the tokenizer's model_max_length", model.tokenizer.maxLength,
                      "the text encoder's max_position_embeddings", model.textEncoder.maxPositions);
    }
    return {};
}

/// What the configs tell about how the model likes to be used.
protocol::ModelInfo defaultInfo(const ModelFolder& model) {
    protocol::ModelInfo info;
    info.id = model.root.filename().string();
    info.title = info.id;
    info.licence = licenceIn(model.root);
    const protocol::Limits limits;
    const int side = model.unet.sampleSize * model.vae.scale();
    info.width = info.height = std::clamp(side - side % limits.sideMultiple, limits.minSide, limits.maxSide);
    info.sampler = model.scheduler.sampler;
    info.notes = model.scheduler.notes;
    return info;
}

/// easel.json: what a model's maker tells Easel about it. Every key may be absent.
protocol::Expected<void> readOwnInfo(const std::filesystem::path& file, protocol::ModelInfo& info) {
    auto json = JsonObject::read(file);
    if (!json) {
        return tl::unexpected(std::move(json.error()));
    }
    const protocol::Limits limits;
    info.id = json->text("id", info.id);
    if (info.id.empty() || info.id.find_first_of("/\\ \t\r\n") != std::string::npos) {
        json->refuse("id", "must be a name without spaces and slashes");
    }
    info.title = json->text("title", info.title);
    info.description = json->text("description", info.description);
    info.licence = json->text("licence", info.licence);
    info.width = json->integer("width", info.width, limits.minSide, limits.maxSide);
    info.height = json->integer("height", info.height, limits.minSide, limits.maxSide);
    for (const auto& [key, side] : {std::pair{"width", info.width}, {"height", info.height}}) {
        if (side % limits.sideMultiple != 0) {
            json->refuse(key, "must be a multiple of " + std::to_string(limits.sideMultiple));
        }
    }
    info.steps = json->integer("steps", info.steps, limits.minSteps, limits.maxSteps);
    info.guidance = json->number("guidance", info.guidance, -1);
    if (info.guidance < limits.minGuidance || info.guidance > limits.maxGuidance) {
        json->refuse("guidance", "is out of bounds");
    }
    info.examplePrompts = json->texts("example_prompts");
    info.knownNames = json->texts("known_names");
    info.knownWords = json->texts("known_words");
    if (json->problem()) {
        return tl::unexpected(*json->problem());
    }
    return {};
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

}  // namespace

protocol::Expected<ModelFolder> openModelFolder(const std::filesystem::path& root) {
    std::error_code error;
    ModelFolder model;
    model.root = std::filesystem::weakly_canonical(root / ".", error);
    if (error || !std::filesystem::exists(model.root / "model_index.json", error)) {
        return tl::unexpected(modelProblem(
            root, "There is no model here: model_index.json is missing. Easel reads diffusers' layout."));
    }
    const auto index = checkIndex(JsonObject::read(model.root / "model_index.json"));
    if (!index) {
        return tl::unexpected(index.error());
    }
    model.family = index->family;
    std::optional<protocol::Problem> problem;
    if (!take(readTokenizerConfig(model.tokenizerFolder()), model.tokenizer, problem) ||
        !take(readTextEncoderConfig(model.textEncoderFolder() / "config.json"), model.textEncoder, problem) ||
        !take(readUNetConfig(model.unetFolder() / "config.json"), model.unet, problem) ||
        !take(readVaeConfig(model.vaeFolder() / "config.json"), model.vae, problem) ||
        !take(readSchedulerConfig(model.root / "scheduler" / "scheduler_config.json", index->schedulerClass),
              model.scheduler, problem)) {
        return tl::unexpected(std::move(*problem));
    }
    if (const auto together = checkParts(model); !together) {
        return tl::unexpected(together.error());
    }
    model.info = defaultInfo(model);
    const auto own = model.root / "easel.json";
    if (std::filesystem::exists(own, error)) {
        if (const auto read = readOwnInfo(own, model.info); !read) {
            return tl::unexpected(read.error());
        }
    }
    return model;
}

protocol::Expected<std::vector<IndexedPart>> readIndex(const std::filesystem::path& file,
                                                       std::string_view text) {
    return checkIndex(JsonObject::parse(file, text)).map([](Index index) { return std::move(index.parts); });
}

protocol::Expected<std::int64_t> countWeights(const ModelFolder& model) {
    std::int64_t numbers = 0;
    for (const auto& [folder, naming] : {std::pair{model.textEncoderFolder(), WeightNaming::Transformers},
                                         {model.unetFolder(), WeightNaming::Diffusers},
                                         {model.vaeFolder(), WeightNaming::Diffusers}}) {
        const auto source = TensorSource::open(folder, naming);
        if (!source) {
            return tl::unexpected(source.error());
        }
        numbers += source->numbers();
    }
    return numbers;
}

}  // namespace easel::models
