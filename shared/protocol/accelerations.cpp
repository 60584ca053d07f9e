// SPDX-License-Identifier: Apache-2.0
#include "shared/protocol/accelerations.h"

#include <algorithm>
#include <iterator>
#include <string>

#include <fmt/core.h>

#include "shared/protocol/generation_fields.h"

namespace easel::protocol {

namespace {

struct Part {
    std::string_view field;
    std::string_view acceleration;
};
constexpr Part kParts[] = {
    {"guidance_from", kGuidanceInterval},
    {"guidance_to", kGuidanceInterval},
    {"deepcache_interval", kDeepCache},
    {"token_merging", kTokenMerging},
    {"decoder", kTinyDecoder},
};

struct Refusal {
    std::string_view acceleration;
    const char* detail;
};
constexpr Refusal kRefusals[] = {
    {kGuidanceInterval,
     "This model was taught the guidance and draws each step in one pass anyway; leave it out."},
    {kDeepCache, "This model's network is not deep enough for features to be used again; leave it out."},
    {kTokenMerging, "This model has no self-attention on the way down; leave it out."},
    {kTinyDecoder,
     "This model brings no tiny decoder. Leave it out, or put the files of one that was made for the model "
     "(TAESD's, for models of Stable Diffusion 1 and 2) into the folder tiny_vae of the model's own."},
};

const char* refusalOf(std::string_view acceleration) {
    return std::ranges::find(kRefusals, acceleration, &Refusal::acceleration)->detail;
}

}  // namespace

std::string_view accelerationOf(std::string_view name) {
    const auto* const found = std::ranges::find(kParts, name, &Part::field);
    return found == std::end(kParts) ? std::string_view{} : found->acceleration;
}

bool canAccelerate(const ModelInfo& model, std::string_view acceleration) {
    return std::ranges::find(model.accelerations, acceleration) != model.accelerations.end();
}

bool isWithin(double from, double to, int step, int steps) {
    return step >= static_cast<int>(from * steps) && step < static_cast<int>(to * steps);
}

bool isGuided(const GenerationSettings& settings, int step, int steps) {
    return isWithin(settings.guidanceFrom, settings.guidanceTo, step, steps);
}

bool isWhole(const GenerationSettings& settings, int step, int steps) {
    // Where guidance begins, one of its two branches has nothing to use again.
    const bool begins = step > 0 && settings.guidance > 1 && isGuided(settings, step, steps) &&
                        !isGuided(settings, step - 1, steps);
    return step % std::max(settings.deepcacheInterval, 1) == 0 || begins;
}

std::optional<Problem> objectionToAccelerations(const GenerationSettings& settings) {
    if (settings.guidanceFrom >= settings.guidanceTo) {
        return invalidField(
            "guidance_to",
            fmt::format("guidance_to must be greater than guidance_from, which is {:.6g}; it is "
                        "{:.6g}. To draw without guidance, ask for a guidance of 1.",
                        settings.guidanceFrom, settings.guidanceTo));
    }
    if (settings.decoder == "tiny" && !settings.vae.empty()) {
        return invalidField("decoder",
                            "The tiny decoder makes the pixels instead of a VAE: leave decoder or vae out.");
    }
    return {};
}

std::optional<Problem> beyondAccelerations(const ModelInfo& model, const GenerationSettings& settings) {
    const GenerationSettings usual;
    std::optional<Problem> problem;
    forEachField([&](const auto& row) {
        const std::string_view acceleration = accelerationOf(row.name);
        if (!problem && !acceleration.empty() && !canAccelerate(model, acceleration) &&
            row.of(settings) != row.of(usual)) {
            problem = invalidField(row.name, refusalOf(acceleration));
        }
    });
    return problem;
}

}  // namespace easel::protocol
