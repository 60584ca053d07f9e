// SPDX-License-Identifier: Apache-2.0
#include "server/models/habits.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "shared/protocol/accelerations.h"
#include "shared/protocol/operations.h"

namespace easel::models {

namespace {

std::vector<std::string> operationsOf(const ModelFolder& model) {
    using namespace protocol;
    switch (taskOf(model)) {
        case Task::Inpaint:
            return {std::string(kInpaint)};
        case Task::Edit:
            return {std::string(kEdit)};
        case Task::Draw:
            break;
    }
    if (model.family == Family::StableDiffusionXLRefiner) {
        return {std::string(kImageToImage), std::string(kInpaint), std::string(kRefine)};
    }
    std::vector<std::string> operations{std::string(kTextToImage), std::string(kImageToImage),
                                        std::string(kInpaint)};
    if (model.family == Family::StableDiffusionXL) {
        operations.emplace_back(kRefine);
    }
    return operations;
}

std::vector<std::string> accelerationsOf(const ModelFolder& model) {
    std::vector<std::string> accelerations;
    const auto add = [&accelerations](std::string_view name, bool can) {
        if (can) {
            accelerations.emplace_back(name);
        }
    };
    const auto& down = model.unet.down;
    add(protocol::kGuidanceInterval, model.unet.guidanceWidth == 0);
    add(protocol::kDeepCache, down.size() > 1);
    add(protocol::kTokenMerging,
        std::ranges::any_of(down, [](const UNetBlock& block) { return block.attention; }));
    add(protocol::kTinyDecoder, hasTinyVae(model));
    return accelerations;
}

/// Models that were distilled to few steps, by their schedulers' files: those of the turbo models have a
/// trailing Euler, those of models that take many steps a leading one. easel.json has the last word.
void tellSteps(const ModelFolder& model, protocol::ModelInfo& info) {
    const bool isTrailing = model.scheduler.timestepSpacing == TimestepSpacing::Trailing &&
                            model.scheduler.prediction == PredictionType::Epsilon &&
                            !model.scheduler.rescaleBetasZeroSnr.value_or(false);
    if (model.unet.guidanceWidth > 0) {
        info.steps = 4;
        info.guidance = 8.5;
    } else if (model.schedulerClass == "LCMScheduler" || model.schedulerClass == "TCDScheduler") {
        info.steps = 4;
        info.guidance = 1;
    } else if (isTrailing && (model.schedulerClass == "EulerAncestralDiscreteScheduler" ||
                              model.schedulerClass == "EulerDiscreteScheduler")) {
        info.steps = 1;
        info.guidance = 0;
    }
}

}  // namespace

void tellHabits(const ModelFolder& model, protocol::ModelInfo& info) {
    info.operations = operationsOf(model);
    info.accelerations = accelerationsOf(model);
    if (model.family != Family::StableDiffusion) {
        info.guidance = 5;
    }
    if (model.family == Family::StableDiffusionXLRefiner) {
        info.strength = 0.3;
    } else if (taskOf(model) != Task::Draw) {
        info.strength = 1;
    }
    tellSteps(model, info);
}

}  // namespace easel::models
