// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/families/branches.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <string>
#include <utility>

#include "server/diffusion/failure.h"

namespace easel::diffusion {
namespace {

/// 0 stands for the picture's own.
float sizeOr(int asked, int own) {
    return static_cast<float>(asked > 0 ? asked : own);
}

/// What Stable Diffusion XL takes the picture to have been cut from, [1, N]; `score` is for its refiner.
/// https://arxiv.org/abs/2307.01952, section 2.2
at::Tensor sizesOf(models::Family family, const protocol::GenerationSettings& settings, double score) {
    std::vector<float> sizes{sizeOr(settings.originalHeight, settings.height),
                             sizeOr(settings.originalWidth, settings.width),
                             static_cast<float>(settings.cropTop), static_cast<float>(settings.cropLeft)};
    switch (family) {
        case models::Family::StableDiffusion:
            return {};
        case models::Family::StableDiffusionXL:
            sizes.push_back(sizeOr(settings.targetHeight, settings.height));
            sizes.push_back(sizeOr(settings.targetWidth, settings.width));
            break;
        case models::Family::StableDiffusionXLRefiner:
            sizes.push_back(static_cast<float>(score));
            break;
    }
    return at::tensor(sizes, at::kFloat).unsqueeze(0);
}

void requireChannels(const models::ModelFolder& model, const at::Tensor& channels) {
    const std::int64_t wanted = model.unet.inChannels - model.vae.latentChannels;
    const std::int64_t given = channels.defined() ? channels.size(1) : 0;
    if (given == wanted) {
        return;
    }
    if (wanted == 0) {
        throw Failure(protocol::internalError("This model takes no channels beside the latents."));
    }
    throw Failure(models::taskOf(model) == models::Task::Edit
                      ? protocol::invalidField("init_image",
                                               "This model edits pictures; give it one with \"init_image\".")
                      : protocol::invalidField("mask",
                                               "This model fills masked parts of pictures; give it one with "
                                               "\"init_image\" and a \"mask\", which is white there."));
}

/// Gives each condition of `speech` what is told beside the words.
void tell(Speech& speech, const Conditioning& beside) {
    for (Conditioning& condition : speech.conditions) {
        condition.extraIds = beside.extraIds;
        condition.concat = beside.concat;
        condition.guidance = beside.guidance;
    }
}

void silence(Speech& speech) {
    for (Conditioning& condition : speech.conditions) {
        condition.context = at::zeros_like(condition.context);
        condition.pooled = at::zeros_like(condition.pooled);
    }
}

/// Away from the picture, and from there to what is to become of it.
/// https://arxiv.org/abs/2211.09800, section 3.2.1
std::shared_ptr<const Guidance> editing(const protocol::GenerationSettings& settings, Words words) {
    Speech without = *words.negative;
    for (Conditioning& condition : without.conditions) {
        condition.concat = at::zeros_like(condition.concat);
    }
    std::vector<Speech> branches{std::move(without), std::move(*words.negative)};
    std::vector<Guidance::Direction> directions;
    for (Speech& speech : words.positive) {
        directions.push_back({1, branches.size(), speech.weight * settings.guidance});
        branches.push_back(std::move(speech));
    }
    directions.push_back({0, 1, settings.imageGuidance});
    return std::make_shared<Guidance>(std::move(branches), std::move(directions), settings.steps);
}

}  // namespace

bool comparesWithNegative(const models::ModelFolder& model, const protocol::GenerationSettings& settings,
                          std::size_t joined) {
    return joined > 1 || (settings.guidance > 1 && model.unet.guidanceWidth == 0);
}

std::shared_ptr<const Guidance> branchesOf(const models::ModelFolder& model,
                                           const protocol::GenerationSettings& settings, Words words,
                                           const at::Tensor& channels, c10::Device device) {
    requireChannels(model, channels);
    const auto besideFor = [&](double score) {
        Conditioning beside;
        if (const at::Tensor sizes = sizesOf(model.family, settings, score); sizes.defined()) {
            beside.extraIds = sizes.to(device);
        }
        beside.concat = channels;
        if (model.unet.guidanceWidth > 0) {
            beside.guidance = at::full({1}, settings.guidance, at::kFloat).to(device);
        }
        return beside;
    };
    for (Speech& speech : words.positive) {
        tell(speech, besideFor(settings.aestheticScore));
    }
    if (!words.negative) {
        return std::make_shared<Guidance>(std::move(words.positive.front()), settings.steps);
    }
    if (model.zerosForEmptyPrompt && settings.negativePrompt.empty()) {
        silence(*words.negative);
    }
    tell(*words.negative, besideFor(settings.negativeAestheticScore));
    if (models::taskOf(model) == models::Task::Edit) {
        return editing(settings, std::move(words));
    }
    return std::make_shared<Guidance>(std::move(*words.negative), std::move(words.positive),
                                      std::max(settings.guidance, 1.0), settings.steps,
                                      settings.guidanceRescale);
}

}  // namespace easel::diffusion
