// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/weights/adapters.h"

#include <sstream>
#include <utility>
#include <vector>

#include "server/diffusion/failure.h"
#include "server/diffusion/weights/parts.h"
#include "server/models/lora/lora_match.h"

namespace easel::diffusion {
namespace {

std::vector<models::NamedShape> shapesOf(const models::ModelFolder& model, std::string_view part) {
    const auto source = valueOrThrow(models::openWeights(model, part));
    std::vector<models::NamedShape> shapes;
    shapes.reserve(source.size());
    for (const models::SourceFile& file : source.files()) {
        for (const models::TensorEntry& tensor : file.tensors) {
            shapes.push_back({tensor.name, tensor.shape});
        }
    }
    return shapes;
}

std::string numbers(std::span<const double> values) {
    std::ostringstream text;
    text << std::hexfloat;
    for (const double value : values) {
        text << value << ' ';
    }
    return text.str();
}

/// What counts for the text encoders.
std::string forTexts(const models::LoraUse& use) {
    return identityOf(use.file) + numbers({{use.textWeight, use.blocks.empty() ? 1 : use.blocks.front()}});
}

std::string forUNet(const models::LoraUse& use) {
    return identityOf(use.file) + numbers({{use.weight}}) + numbers(use.blocks);
}

}  // namespace

Adapters::Adapters(const models::ModelFolder& model, std::span<const models::LoraUse> uses,
                   Placement placement) {
    if (uses.empty()) {
        return;
    }
    std::vector<std::shared_ptr<const models::LoraFile>> files;
    std::string unetIdentity;
    std::string textIdentity;
    for (const models::LoraUse& use : uses) {
        files.push_back(
            std::make_shared<const models::LoraFile>(valueOrThrow(models::LoraFile::open(use.file))));
        unetIdentity += forUNet(use);
        textIdentity += forTexts(use);
    }
    models::LoraTargetsOfModel targets{models::LoraTargets::ofUNet(shapesOf(model, models::kUNet)), {}};
    for (const models::TextComponent& text : model.texts) {
        targets.texts.push_back(models::LoraTargets::ofText(shapesOf(model, text.name)));
    }
    auto matched = valueOrThrow(models::matchLoras(files, uses, targets));
    const auto add = [&](std::string_view part, models::LoraChanges changes, const std::string& identity) {
        if (!changes.layers.empty()) {
            auto adapter = std::make_shared<const Adapter>(std::move(changes), files, placement);
            m_parts.emplace(part, Of{std::move(adapter), identity});
        }
    };
    add(models::kUNet, std::move(matched.unet), unetIdentity);
    for (std::size_t i = 0; i < model.texts.size(); ++i) {
        add(model.texts[i].name, std::move(matched.texts[i]), textIdentity);
    }
}

const Adapters::Of* Adapters::of(std::string_view part) const {
    const auto found = m_parts.find(part);
    return found == m_parts.end() ? nullptr : &found->second;
}

std::string identityOf(std::span<const models::LoraUse> uses) {
    std::string identity;
    for (const models::LoraUse& use : uses) {
        identity += forUNet(use) + forTexts(use);
    }
    return identity;
}

}  // namespace easel::diffusion
