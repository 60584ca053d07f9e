// SPDX-License-Identifier: Apache-2.0
#include "shared/protocol/operations.h"

#include <algorithm>
#include <string>
#include <utility>

#include <fmt/core.h>

#include "shared/protocol/accelerations.h"
#include "shared/protocol/passes.h"

namespace easel::protocol {
namespace {

bool isMasked(const GenerationSettings& settings) {
    return !settings.mask.empty() || isExtended(settings);
}

std::optional<Problem> beyondPictures(const ModelInfo& model, const GenerationSettings& settings) {
    if (settings.initImage.empty()) {
        if (canDo(model, kTextToImage)) {
            return {};
        }
        if (canDo(model, kEdit)) {
            return invalidField("init_image", "This model edits pictures; give it one with \"init_image\".");
        }
        return invalidField(
            "init_image", canDo(model, kImageToImage)
                              ? "This model goes on with pictures and begins none; give it one with "
                                "\"init_image\"."
                              : "This model fills masked parts of pictures; give it one with \"init_image\" "
                                "and a \"mask\", or say with \"extend_left\" and its like how far it grows.");
    }
    if (isMasked(settings)) {
        return canDo(model, kInpaint)
                   ? std::optional<Problem>()
                   : invalidField("mask",
                                  "This model cannot draw a part of a picture alone; leave the mask "
                                  "and what extends the picture out, or choose another model.");
    }
    if (canDo(model, kImageToImage) || canDo(model, kEdit)) {
        return {};
    }
    return invalidField("mask",
                        "This model fills masked parts of pictures; give it a \"mask\", which is white "
                        "where it shall draw.");
}

/// Fields that only some models read, where they say something unusual.
std::optional<Problem> beyondFields(const ModelInfo& model, const GenerationSettings& settings) {
    const GenerationSettings usual;
    if (!model.family.starts_with("stable-diffusion-xl")) {
        using Size = int GenerationSettings::*;
        constexpr std::pair<const char*, Size> kSizes[] = {
            {"original_width", &GenerationSettings::originalWidth},
            {"original_height", &GenerationSettings::originalHeight},
            {"crop_left", &GenerationSettings::cropLeft},
            {"crop_top", &GenerationSettings::cropTop},
            {"target_width", &GenerationSettings::targetWidth},
            {"target_height", &GenerationSettings::targetHeight},
        };
        for (const auto& [name, size] : kSizes) {
            if (settings.*size != 0) {
                return invalidField(name,
                                    "Only models of Stable Diffusion XL are told of sizes; leave it out.");
            }
        }
        if (!settings.refiner.empty()) {
            return invalidField("refiner", "Only models of Stable Diffusion XL have refiners; leave it out.");
        }
    }
    const bool scores = !settings.refiner.empty() || canDo(model, kRefine);
    if (!scores && settings.aestheticScore != usual.aestheticScore) {
        return invalidField("aesthetic_score", "Only a refiner is told of it; leave it out.");
    }
    if (!scores && settings.negativeAestheticScore != usual.negativeAestheticScore) {
        return invalidField("negative_aesthetic_score", "Only a refiner is told of it; leave it out.");
    }
    if (!canDo(model, kEdit) && settings.imageGuidance != usual.imageGuidance) {
        return invalidField("image_guidance", "Only models that edit pictures read it; leave it out.");
    }
    if (canDo(model, kEdit) && settings.strength != model.strength) {
        return invalidField("strength",
                            "Models that edit pictures do not read it; leave it out, or say with "
                            "\"image_guidance\" how closely the picture is followed.");
    }
    if (canDo(model, kEdit) && settings.hiresScale != usual.hiresScale) {
        return invalidField("hires_scale", "Models that edit pictures draw no second time; leave it out.");
    }
    if (canDo(model, kEdit) && settings.guidanceRescale != usual.guidanceRescale) {
        return invalidField("guidance_rescale", "Models that edit pictures do not read it; leave it out.");
    }
    return {};
}

}  // namespace

bool canDo(const ModelInfo& model, std::string_view operation) {
    return model.operations.empty() ||
           std::ranges::find(model.operations, operation) != model.operations.end();
}

std::optional<Problem> beyond(const ModelInfo& model, const GenerationSettings& settings) {
    if (model.operations.empty()) {
        return {};
    }
    auto problem = beyondPictures(model, settings);
    if (!problem) {
        problem = beyondFields(model, settings);
    }
    return problem ? problem : beyondAccelerations(model, settings);
}

}  // namespace easel::protocol
