// SPDX-License-Identifier: Apache-2.0
#include "server/models/model_index.h"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "server/models/configs/scheduler_class.h"
#include "server/models/files/json_object.h"

namespace easel::models {

namespace {

Family familyOf(const JsonObject& json) {
    if (!json.namesClass("text_encoder_2")) {
        return Family::StableDiffusion;
    }
    return json.namesClass("text_encoder") ? Family::StableDiffusionXL : Family::StableDiffusionXLRefiner;
}

bool hasPart(Family family, std::string_view name) {
    return std::ranges::count(componentsOf(family), name, &Component::name) > 0;
}

protocol::Expected<ModelIndex> check(protocol::Expected<JsonObject> json) {
    if (!json) {
        return tl::unexpected(std::move(json.error()));
    }
    // A pipeline of somebody's own is named by its file, too.
    const std::string pipeline = json->namesClass("_class_name") ? json->texts("_class_name")[1]
                                                                 : json->text("_class_name", "pipeline");
    ModelIndex index{familyOf(*json), {}, {}, json->boolean("force_zeros_for_empty_prompt", true)};
    for (const std::string& key : json->keys()) {
        if (!key.starts_with('_') && json->namesClass(key) && !hasPart(index.family, key) && !isBeside(key)) {
            json->refuse(key,
                         fmt::format("is a part of this {} that is not supported by this engine", pipeline));
        }
    }
    for (const auto& [component, classes] : componentsOf(index.family)) {
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
    index.schedulerClass = scheduler[1];
    index.parts.push_back({"scheduler", scheduler[0]});
    for (const auto& [component, classes] : componentsOf(index.family)) {
        std::string name(component);
        std::string library = json->texts(name)[0];
        index.parts.push_back({std::move(name), std::move(library)});
    }
    return index;
}

}  // namespace

protocol::Expected<ModelIndex> readModelIndex(const std::filesystem::path& file) {
    return check(JsonObject::read(file));
}

protocol::Expected<ModelIndex> parseModelIndex(const std::filesystem::path& file, std::string_view text) {
    return check(JsonObject::parse(file, text));
}

}  // namespace easel::models
