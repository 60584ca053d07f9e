// SPDX-License-Identifier: Apache-2.0
#include "server/generator/materials.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace easel::generator {

namespace {

constexpr std::pair<Material::Kind, std::string_view> kNames[] = {
    {Material::Kind::Lora, "lora"},       {Material::Kind::Embedding, "embedding"},
    {Material::Kind::Vae, "vae"},         {Material::Kind::ControlNet, "controlnet"},
    {Material::Kind::Refiner, "refiner"}, {Material::Kind::Input, "input"},
};

}  // namespace

std::string_view toString(Material::Kind kind) {
    return std::ranges::find(kNames, kind, [](const auto& each) { return each.first; })->second;
}

std::optional<Material::Kind> materialKindFrom(std::string_view name) {
    const auto* const found = std::ranges::find(kNames, name, [](const auto& each) { return each.second; });
    return found == std::end(kNames) ? std::nullopt : std::optional(found->first);
}

Materials::Materials(ModelPlace place, std::vector<Material> besides)
    : model(std::move(place)), others(std::move(besides)) {}

const Material* Materials::find(Material::Kind kind, std::string_view name) const {
    const auto found = std::ranges::find_if(
        others, [&](const Material& each) { return each.kind == kind && each.name == name; });
    return found == others.end() ? nullptr : &*found;
}

}  // namespace easel::generator
