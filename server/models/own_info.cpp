// SPDX-License-Identifier: Apache-2.0
#include "server/models/own_info.h"

#include <string>
#include <utility>

#include "server/models/files/json_object.h"

namespace easel::models {

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
    info.strength = json->number("strength", info.strength, -1);
    if (info.strength < 0 || info.strength > 1) {
        json->refuse("strength", "must be from 0 to 1");
    }
    info.examplePrompts = json->texts("example_prompts");
    info.knownNames = json->texts("known_names");
    info.knownWords = json->texts("known_words");
    if (json->problem()) {
        return tl::unexpected(*json->problem());
    }
    return {};
}

}  // namespace easel::models
