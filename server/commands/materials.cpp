// SPDX-License-Identifier: Apache-2.0
#include "server/commands/materials.h"

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <system_error>
#include <utility>

#include <fmt/core.h>

#include "server/jobs/input_folder.h"
#include "server/models/addons.h"
#include "server/prompt/script.h"
#include "server/prompt/taught_words.h"
#include "server/prompt/wanted_loras.h"
#include "shared/protocol/addition.h"
#include "shared/protocol/generation_pictures.h"

namespace easel::commands {

namespace {

using generator::Material;
using protocol::AddonKind;

/// The embeddings that the prompts may mean: whether they are words of it is for the tokens to say. Errors:
/// as prompt::scriptOf has them.
protocol::Expected<std::set<std::string>> wordsIn(const protocol::GenerationSettings& settings,
                                                  const ModelShelf& shelf) {
    std::vector<std::string> names;
    for (const protocol::AddonInfo& addon : shelf.addons(AddonKind::Embedding)) {
        names.push_back(addon.name);
    }
    std::set<std::string> words;
    for (const auto& [text, role] : {std::pair{&settings.prompt, prompt::Role::Positive},
                                     {&settings.negativePrompt, prompt::Role::Negative}}) {
        const auto script =
            prompt::scriptOf(*text, prompt::syntaxOf(settings.promptSyntax), settings.steps, role);
        if (!script) {
            return tl::unexpected(script.error());
        }
        const auto mentioned = prompt::mentionedIn(*script, names);
        words.insert(mentioned.begin(), mentioned.end());
    }
    return words;
}

/// A job keeps its pictures; that somebody has removed one from the disk is said before a model is loaded.
std::optional<protocol::Problem> lostPicture(const protocol::GenerationSettings& settings,
                                             const std::filesystem::path& inputs) {
    std::optional<protocol::Problem> problem;
    protocol::forEachPicture(settings, [&](const char* field, const std::string& id) {
        std::error_code error;
        if (!problem && !std::filesystem::is_regular_file(jobs::InputFolder::pathIn(inputs, id), error)) {
            problem = protocol::invalidField(
                field, fmt::format("The picture {} has gone from the server's disk. Send it again with POST "
                                   "/v1/inputs, and then the request.",
                                   id));
        }
    });
    return problem;
}

/// Where a thing of this name lies; errors as addonsFor() has them.
using Locate = std::function<protocol::Expected<std::filesystem::path>(
    AddonKind kind, const std::string& name, const char* field)>;

/// All of addonsFor() but the refiner.
protocol::Expected<std::vector<Material>> gather(const protocol::GenerationSettings& settings,
                                                 const ModelShelf& shelf, const Locate& locate) {
    std::vector<protocol::LoraUse> loras;  // the prompt's tags, too, which hold to the same bounds
    for (const prompt::LoraTag& wanted : prompt::wantedLoras(settings)) {
        loras.push_back({wanted.name, wanted.weight, wanted.textWeight, wanted.blocks});
    }
    if (auto wrong = protocol::objectionTo(loras)) {
        return tl::unexpected(std::move(*wrong));
    }
    std::vector<Material> materials;
    std::optional<protocol::Problem> problem;
    const auto take = [&](Material::Kind kind, AddonKind addon, const std::string& name, const char* field,
                          bool isFile) {
        const auto place = locate(addon, name, field);
        if (!place) {
            problem = problem ? problem : place.error();
            return;
        }
        materials.push_back({kind, name, isFile ? models::weightsOfAddon(*place) : *place});
    };
    for (const auto& lora : loras) {
        take(Material::Kind::Lora, AddonKind::Lora, lora.name, "loras", true);
    }
    if (!settings.vae.empty()) {
        take(Material::Kind::Vae, AddonKind::Vae, settings.vae, "vae", false);
    }
    for (const auto& control : settings.controls) {
        take(Material::Kind::ControlNet, AddonKind::ControlNet, control.model, "controls", false);
    }
    const auto words = wordsIn(settings, shelf);
    if (!words) {
        return tl::unexpected(words.error());
    }
    for (const std::string& name : *words) {
        take(Material::Kind::Embedding, AddonKind::Embedding, name, "prompt", true);
    }
    if (problem) {
        return tl::unexpected(std::move(*problem));
    }
    return materials;
}

}  // namespace

protocol::Expected<std::vector<Material>> addonsFor(const protocol::GenerationSettings& settings,
                                                    const ModelShelf& shelf) {
    auto materials = gather(settings, shelf, [&shelf](AddonKind kind, const auto& name, const char* field) {
        return shelf.locateAddon(kind, name, field);
    });
    if (materials && !settings.refiner.empty()) {
        auto folder = shelf.locate(settings.refiner);
        if (!folder) {
            return tl::unexpected(protocol::invalidField("refiner", folder.error().detail));
        }
        materials->push_back({Material::Kind::Refiner, settings.refiner, std::move(*folder)});
    }
    return materials;
}

protocol::Expected<std::vector<Material>> materialsFor(const protocol::GenerationSettings& settings,
                                                       const ModelShelf& shelf,
                                                       const std::filesystem::path& inputs) {
    if (auto problem = lostPicture(settings, inputs)) {
        return tl::unexpected(std::move(*problem));
    }
    return addonsFor(settings, shelf).map([&](std::vector<Material> materials) {
        for (const std::string& id : protocol::inputsOf(settings)) {
            materials.push_back({Material::Kind::Input, id, jobs::InputFolder::pathIn(inputs, id)});
        }
        return materials;
    });
}

protocol::Expected<std::vector<Material>> materialsByPlace(const protocol::GenerationSettings& settings,
                                                           const ModelShelf& shelf) {
    using Place = protocol::Expected<std::filesystem::path>;
    auto materials = gather(settings, shelf, [&shelf](AddonKind kind, const auto& name, const char* field) {
        std::error_code error;
        return std::filesystem::exists(name, error) ? Place(std::filesystem::absolute(name))
                                                    : shelf.locateAddon(kind, name, field);
    });
    if (materials) {
        if (!settings.refiner.empty()) {
            materials->push_back(
                {Material::Kind::Refiner, settings.refiner, std::filesystem::absolute(settings.refiner)});
        }
        for (const std::string& picture : protocol::inputsOf(settings)) {
            materials->push_back({Material::Kind::Input, picture, std::filesystem::absolute(picture)});
        }
    }
    return materials;
}

}  // namespace easel::commands
