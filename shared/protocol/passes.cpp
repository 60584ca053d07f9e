// SPDX-License-Identifier: Apache-2.0
#include "shared/protocol/passes.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/core.h>

namespace easel::protocol {

namespace {

constexpr int kLatent = 8;  // pixels that one latent stands for
/// No model was trained with more timesteps.
constexpr int kMostSteps = 1000;
/// AUTOMATIC1111's bound: a pass that may change everything still begins with the picture.
constexpr double kMostStrength = 0.999;

int scaled(int side, double scale) {
    return static_cast<int>(side * scale) / kLatent * kLatent;
}

std::optional<Problem> objectionToGrowth(const GenerationSettings& settings, const Limits& limits) {
    const Pass pass = firstPassOf(settings);
    if (pass.width > limits.maxSide || pass.height > limits.maxSide) {
        return invalidField(
            pass.width > limits.maxSide ? (settings.extendRight > 0 ? "extend_right" : "extend_left")
                                        : (settings.extendBottom > 0 ? "extend_bottom" : "extend_top"),
            fmt::format("With what it is extended by, the picture is {}x{}; no side may be longer than {}. "
                        "Extend it by less, or give a smaller width and height, to which the picture comes "
                        "before.",
                        pass.width, pass.height, limits.maxSide));
    }
    if (isExtended(settings) && settings.inpaintArea == "masked") {
        return invalidField("inpaint_area",
                            "A picture that is extended is drawn whole: leave inpaint_area out.");
    }
    return {};
}

std::optional<Problem> objectionToSecond(const GenerationSettings& settings, const Limits& limits) {
    if (settings.hiresScale <= 1) {
        return {};
    }
    if (!settings.initImage.empty()) {
        return invalidField("hires_scale",
                            "Only pictures from noise are drawn a second time; with init_image, ask for the "
                            "width and height that you want.");
    }
    if (settings.hiresStrength <= 0) {
        return invalidField("hires_strength",
                            "A second pass that changes nothing is none: ask for more "
                            "than 0, or leave hires_scale out.");
    }
    const Pass pass = *secondPassOf(settings);
    if (pass.width > limits.maxSide || pass.height > limits.maxSide) {
        const double most = double(limits.maxSide) / std::max(settings.width, settings.height);
        return invalidField(
            "hires_scale",
            fmt::format("The larger picture is {}x{}; no side may be longer than {}. Ask for at most {:.6g}.",
                        pass.width, pass.height, limits.maxSide, std::floor(most * 100) / 100));
    }
    if (pass.steps > kMostSteps) {
        return invalidField("hires_strength",
                            fmt::format("{} steps at so little strength are part of {}, and models know no "
                                        "more than {}. Ask for more strength or fewer hires_steps.",
                                        pass.taken(), pass.steps, kMostSteps));
    }
    return {};
}

}  // namespace

int firstStep(int steps, double strength) {
    return steps - std::min(static_cast<int>(steps * strength), steps);
}

int extensionOf(int pixels) {
    return (pixels + kLatent - 1) / kLatent * kLatent;
}

bool isExtended(const GenerationSettings& settings) {
    return settings.extendLeft > 0 || settings.extendTop > 0 || settings.extendRight > 0 ||
           settings.extendBottom > 0;
}

Pass firstPassOf(const GenerationSettings& settings) {
    return {settings.width + extensionOf(settings.extendLeft) + extensionOf(settings.extendRight),
            settings.height + extensionOf(settings.extendTop) + extensionOf(settings.extendBottom),
            settings.steps, settings.initImage.empty() ? 0 : firstStep(settings.steps, settings.strength)};
}

std::optional<Pass> secondPassOf(const GenerationSettings& settings) {
    if (settings.hiresScale <= 1 || settings.hiresStrength <= 0) {
        return {};
    }
    const int taken = settings.hiresSteps > 0 ? settings.hiresSteps : settings.steps;
    const double all = taken / std::min(settings.hiresStrength, kMostStrength);
    // A tiny strength must not overflow: more steps than this are refused anyway.
    const int steps = static_cast<int>(std::min(all, 1e6));
    return Pass{scaled(settings.width, settings.hiresScale), scaled(settings.height, settings.hiresScale),
                steps, steps - taken};
}

int stepsOf(const GenerationSettings& settings) {
    const auto second = secondPassOf(settings);
    return firstPassOf(settings).taken() + (second ? second->taken() : 0);
}

GenerationSettings during(const Pass& pass, GenerationSettings settings) {
    settings.width = pass.width;
    settings.height = pass.height;
    settings.steps = pass.steps;
    return settings;
}

std::int64_t seedOf(const GenerationSettings& settings, int index) {
    return settings.variationStrength > 0 ? settings.seed : settings.seed + index;
}

GenerationSettings settingsOf(GenerationSettings settings, int index) {
    settings.seed = seedOf(settings, index);
    if (settings.variationStrength > 0) {
        settings.variationSeed += index;
    }
    settings.count = 1;
    return settings;
}

std::optional<Problem> objectionToPasses(const GenerationSettings& settings, const Limits& limits) {
    if (!settings.initImage.empty() && firstPassOf(settings).taken() < 1) {
        return invalidField("strength",
                            fmt::format("So little strength leaves none of the {} steps to take; ask for "
                                        "more of it, or for more steps.",
                                        settings.steps));
    }
    if (auto problem = objectionToGrowth(settings, limits)) {
        return problem;
    }
    return objectionToSecond(settings, limits);
}

}  // namespace easel::protocol
