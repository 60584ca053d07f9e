// SPDX-License-Identifier: Apache-2.0
#include "server/models/lora/lora_match.h"

#include <utility>

#include <fmt/core.h>

#include "server/models/lora/lora_facts.h"
#include "server/models/lora/lora_shapes.h"

namespace easel::models {

namespace {

/// A layer of a model.
struct Hit {
    const LoraTarget* target;  // null when the model does not have it
    std::size_t network;       // 0: the UNet; else a text encoder's number, from 1 on
};

Hit find(const LoraModule& module, const LoraTargetsOfModel& model) {
    const auto inText = [&](std::size_t number) -> Hit {
        return {number <= model.texts.size() ? model.texts[number - 1].find(module.layer) : nullptr, number};
    };
    switch (module.network) {
        case LoraNetwork::UNet:
            return {model.unet.find(module.layer), 0};
        case LoraNetwork::FirstText:
            return inText(1);
        case LoraNetwork::SecondText:
            return inText(2);
        case LoraNetwork::Any:
            break;
    }
    const Hit inUNet{model.unet.find(module.layer), 0};
    return inUNet.target != nullptr ? inUNet : inText(1);
}

protocol::Problem notThere(const LoraFile& file, const std::vector<std::string>& absent,
                           const std::vector<std::string>& otherwise) {
    std::string what;
    if (!absent.empty()) {
        what = fmt::format("{} of its {} layers are not in this model: {}.", absent.size(),
                           file.modules().size(), listed(absent));
    }
    if (!otherwise.empty()) {
        what +=
            fmt::format("{}{} of its {} layers have another shape in this model: {}.",
                        what.empty() ? "" : " ", otherwise.size(), file.modules().size(), listed(otherwise));
    }
    const std::string family = loraFamily(file.modules(), file.metadata());
    what += family.empty() ? " It is made for another kind of model."
                           : fmt::format(" It seems to be made for {}.", family);
    return loraProblem(file.path().string(), what);
}

}  // namespace

protocol::Expected<MatchedLoras> matchLoras(std::span<const std::shared_ptr<const LoraFile>> files,
                                            std::span<const LoraUse> uses, const LoraTargetsOfModel& model) {
    MatchedLoras matched;
    matched.texts.resize(model.texts.size());
    for (std::size_t i = 0; i < files.size(); ++i) {
        const LoraFile& file = *files[i];
        const auto blocks = blockWeights(uses[i].blocks, model.unet);
        if (!blocks) {
            return tl::unexpected(blocks.error());
        }
        std::vector<std::string> absent;
        std::vector<std::string> otherwise;
        for (const LoraModule& module : file.modules()) {
            const auto [target, network] = find(module, model);
            if (target == nullptr) {
                absent.push_back(module.name);
                continue;
            }
            if (!fits(module, target->shape)) {
                otherwise.push_back(module.name);
                continue;
            }
            const bool isText = network > 0;
            const double weight =
                isText ? uses[i].textWeight * blocks->front() : uses[i].weight * (*blocks)[target->block];
            if (weight != 0) {
                auto& layer = (isText ? matched.texts[network - 1] : matched.unet).layers[target->path];
                layer.shape = target->shape;
                layer.changes.push_back({&module, weight});
            }
        }
        if (!absent.empty() || !otherwise.empty()) {
            return tl::unexpected(notThere(file, absent, otherwise));
        }
    }
    return matched;
}

}  // namespace easel::models
