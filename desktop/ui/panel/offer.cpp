// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/panel/offer.h"

#include <algorithm>
#include <iterator>

#include "shared/protocol/accelerations.h"
#include "shared/protocol/generation_fields.h"
#include "shared/protocol/operations.h"

namespace easel::ui {

namespace {

using protocol::AddonInfo;
using protocol::AddonKind;
using protocol::FieldGroup;
using protocol::GenerationRequest;
using protocol::ModelInfo;

constexpr std::string_view kXl = "stable-diffusion-xl";
constexpr std::string_view kXlRefiner = "stable-diffusion-xl-refiner";

/// One that has said so of itself.
bool isEditor(const ModelInfo& model) {
    return !model.operations.empty() && protocol::canDo(model, protocol::kEdit);
}

bool isXl(const ModelInfo& model) {
    return model.family.starts_with(kXl);
}

/// Servers tell a LoRA's family in words, and those of Stable Diffusion 1 and 2 have one name as models.
bool isMadeFor(const std::string& family, const ModelInfo& model) {
    if (family.empty() || model.family.empty()) {
        return true;
    }
    if (family == "Stable Diffusion 1" || family == "Stable Diffusion 2") {
        return model.family == "stable-diffusion";
    }
    if (family == "Stable Diffusion XL") {
        return model.family == kXl;
    }
    return family == "the refiner of Stable Diffusion XL" ? model.family == kXlRefiner
                                                          : family == model.family;
}

FieldGroup groupOf(std::string_view field) {
    FieldGroup group = FieldGroup::Main;
    protocol::forEachField([&](const auto& row) {
        if (row.name == field) {
            group = row.group;
        }
    });
    return group;
}

bool isExtended(const GenerationRequest& request) {
    return request.extendLeft.value_or(0) > 0 || request.extendTop.value_or(0) > 0 ||
           request.extendRight.value_or(0) > 0 || request.extendBottom.value_or(0) > 0;
}

template <typename Row>
bool isSet(const Row& row, const GenerationRequest& request) {
    const auto& value = row.of(request);
    if constexpr (requires { value.has_value(); }) {
        return value.has_value();
    } else {
        return !value.empty();
    }
}

template <typename Row>
void unset(const Row& row, GenerationRequest& request) {
    row.of(request) = {};
}

}  // namespace

const ModelInfo& Offer::modelOf(const GenerationRequest& request) const {
    static const ModelInfo kUsual;
    const auto found = std::ranges::find(models, request.model.value_or(defaultModel), &ModelInfo::id);
    if (found != models.end()) {
        return *found;
    }
    return models.empty() ? kUsual : models.front();
}

const protocol::SamplerInfo* Offer::samplerOf(const GenerationRequest& request) const {
    const auto found = std::ranges::find(samplers, request.sampler.value_or(modelOf(request).sampler),
                                         &protocol::SamplerInfo::name);
    return found == samplers.end() ? nullptr : &*found;
}

std::vector<AddonInfo> Offer::addonsFor(const ModelInfo& model, AddonKind kind) const {
    std::vector<AddonInfo> fit;
    std::ranges::copy_if(addons, std::back_inserter(fit), [&](const AddonInfo& addon) {
        return addon.kind == kind && addon.why.empty() && isMadeFor(addon.family, model);
    });
    return fit;
}

std::vector<ModelInfo> Offer::refinersFor(const ModelInfo& model) const {
    std::vector<ModelInfo> fit;
    std::ranges::copy_if(models, std::back_inserter(fit), [&](const ModelInfo& other) {
        return other.id != model.id && !other.operations.empty() && protocol::canDo(other, protocol::kRefine);
    });
    return fit;
}

bool canServe(std::string_view field, const Offer& offer, const GenerationRequest& request) {
    const ModelInfo& model = offer.modelOf(request);
    if (field == "strength" || field == "guidance_rescale") {
        return !isEditor(model);
    }
    if (field == "image_guidance") {
        return isEditor(model);
    }
    if (field == "eta") {
        const protocol::SamplerInfo* const sampler = offer.samplerOf(request);
        return sampler == nullptr || sampler->takesEta;
    }
    if (field == "aesthetic_score" || field == "negative_aesthetic_score") {
        return isXl(model) && (request.refiner || model.family == kXlRefiner);
    }
    if (const auto acceleration = protocol::accelerationOf(field); !acceleration.empty()) {
        return protocol::canAccelerate(model, acceleration);
    }
    switch (groupOf(field)) {
        case FieldGroup::Mask:
        case FieldGroup::Extend:
            return protocol::canDo(model, protocol::kInpaint);
        case FieldGroup::Hires:
            return !isEditor(model);
        case FieldGroup::Refiner:
            return isXl(model) && model.family != kXlRefiner;
        case FieldGroup::Sizes:
            return isXl(model);
        default:
            return true;
    }
}

bool isIdle(std::string_view field, const GenerationRequest& request) {
    const bool isMasked = request.mask || isExtended(request);
    if (field == "strength" || field == "resize" || field == "image_guidance" || field == "mask" ||
        groupOf(field) == FieldGroup::Extend) {
        return !request.initImage;
    }
    if (field == "inpaint_padding") {
        return !request.initImage || !isMasked || request.inpaintArea != "masked";
    }
    if (groupOf(field) == FieldGroup::Mask) {
        return !request.initImage || !isMasked;
    }
    if (groupOf(field) == FieldGroup::Hires && field != "hires_scale") {
        return request.hiresScale.value_or(1) <= 1;
    }
    if (field == "variation_seed") {
        return request.variationStrength.value_or(0) <= 0;
    }
    return field == "refiner_start" && !request.refiner;
}

GenerationRequest withoutIdle(GenerationRequest request) {
    const GenerationRequest whole = request;
    protocol::forEachField([&](const auto& row) {
        if (isIdle(row.name, whole)) {
            unset(row, request);
        }
    });
    return request;
}

std::vector<std::string_view> leaveOut(const Offer& offer, GenerationRequest& request) {
    std::vector<std::string_view> left;
    // While no server has told of its models, anything may be.
    if (offer.models.empty()) {
        return left;
    }
    protocol::forEachField([&](const auto& row) {
        if (isSet(row, request) && !canServe(row.name, offer, request)) {
            unset(row, request);
            left.emplace_back(row.name);
        }
    });
    return left;
}

}  // namespace easel::ui
