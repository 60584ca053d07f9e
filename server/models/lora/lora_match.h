// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "server/models/lora/lora_file.h"
#include "server/models/lora/lora_targets.h"
#include "server/models/lora/lora_use.h"
#include "shared/protocol/problem.h"

namespace easel::models {

/// The networks of a model that LoRAs can change.
struct LoraTargetsOfModel {
    LoraTargets unet;
    std::vector<LoraTargets> texts;  ///< in the model's order
};

/// One LoRA's change of one layer, times `weight`.
struct LoraChange {
    const LoraModule* module;
    double weight;
};

/// What LoRAs change in one network: by the layers' paths, in the order in which the LoRAs were named.
struct LoraChanges {
    struct Layer {
        std::vector<std::int64_t> shape;  ///< of its weight
        std::vector<LoraChange> changes;
    };
    std::map<std::string, Layer> layers;
};

/// What a request's LoRAs change in a model. `files` must outlive it.
struct MatchedLoras {
    LoraChanges unet;
    std::vector<LoraChanges> texts;
};

/// Finds the layers that each of `files`, used as each of `uses` says, changes. Refused: a LoRA with layers
/// that the model does not have or that have another shape there; the first few are named, and the family
/// that the LoRA seems to be made for. What counts nothing is left out.
protocol::Expected<MatchedLoras> matchLoras(std::span<const std::shared_ptr<const LoraFile>> files,
                                            std::span<const LoraUse> uses, const LoraTargetsOfModel& model);

}  // namespace easel::models
