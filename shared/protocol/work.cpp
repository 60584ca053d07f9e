// SPDX-License-Identifier: Apache-2.0
#include "shared/protocol/work.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/core.h>

#include "shared/protocol/accelerations.h"
#include "shared/protocol/passes.h"
#include "shared/protocol/samplers.h"

namespace easel::protocol {

namespace {

constexpr double kMega = 1e6;

/// "33,554"; a small one with a decimal: "13.1".
std::string spelled(double value) {
    std::string digits = value < 100 ? fmt::format("{:.3g}", value) : fmt::format("{:.0f}", value);
    const std::size_t whole = std::min(digits.find('.'), digits.size());
    for (std::size_t i = whole; i > 3; i -= 3) {
        digits.insert(i - 3, 1, ',');
    }
    return digits;
}

/// "1 step", "2 steps"
std::string counted(int number, std::string_view thing) {
    return fmt::format("{} {}{}", number, thing, number == 1 ? "" : "s");
}

/// "16 pictures of 500 steps at 2048x2048 are 33,554 megapixel-steps"
std::string sum(const GenerationSettings& settings) {
    const auto named = [](const Pass& pass) {
        return fmt::format("{} at {}x{}", counted(pass.taken(), "step"), pass.width, pass.height);
    };
    const auto second = secondPassOf(settings);
    const auto controls = static_cast<int>(settings.controls.size());
    return fmt::format("{} of {}{}{} {} {} megapixel-steps", counted(settings.count, "picture"),
                       named(firstPassOf(settings)), second ? " and " + named(*second) : "",
                       controls > 0 ? " with " + counted(controls, "ControlNet") : "",
                       settings.count == 1 ? "is" : "are", spelled(workOf(settings)));
}

struct Way {
    const char* field;
    std::string words;
};

/// Each change that makes it fit by itself, the one first that leaves the pictures as they were asked for.
std::vector<Way> waysToFit(const GenerationSettings& settings, const Limits& limits) {
    const double excess = workOf(settings) / *limits.maxWork;
    std::vector<Way> ways;
    // What the first pass does not decide alone may not be enough.
    const auto fits = [&](auto member, int value) {
        GenerationSettings other = settings;
        other.*member = value;
        return workOf(other) <= *limits.maxWork;
    };
    if (const int count = static_cast<int>(settings.count / excess); count >= 1) {
        ways.push_back({"count", counted(count, "picture")});
    }
    if (const int steps = static_cast<int>(settings.steps / excess);
        steps >= limits.minSteps && fits(&GenerationSettings::steps, steps)) {
        ways.push_back({"steps", counted(steps, "step")});
    }
    const auto shrunk = [&](int side) {
        const int multiple = limits.sideMultiple;
        return static_cast<int>(side / std::sqrt(excess)) / multiple * multiple;
    };
    if (const int width = shrunk(settings.width), height = shrunk(settings.height);
        std::min(width, height) >= limits.minSide && !isExtended(settings)) {
        ways.push_back({"width", fmt::format("{}x{}", width, height)});
    }
    return ways;
}

constexpr int kPartsOfHalfPass = 8;                     // what a step takes that DeepCache makes short
constexpr int kPartsOfStep = 2 * 2 * kPartsOfHalfPass;  // of the usual one, which is two passes

/// Of `steps` steps of one picture.
std::int64_t partsOf(const GenerationSettings& settings, int steps) {
    const SamplerKind* const sampler = findSamplerKind(settings.sampler);
    const int controls = static_cast<int>(settings.controls.size());
    constexpr int kShort = 2;
    const int whole = (2 + controls) * kPartsOfHalfPass;
    std::int64_t parts = 0;
    for (int step = 0; step < steps; ++step) {
        const std::int64_t branches = settings.guidance > 1 && isGuided(settings, step, steps) ? 2 : 1;
        parts += branches * (isWhole(settings, step, steps) ? whole : kShort);
    }
    return parts * (sampler ? sampler->passes : 1);
}

}  // namespace

int halfPassesOf(const GenerationSettings& settings) {
    const SamplerKind* const sampler = findSamplerKind(settings.sampler);
    return (sampler ? sampler->passes : 1) * (settings.guidance > 1 ? 2 : 1) *
           (2 + static_cast<int>(settings.controls.size()));
}

std::int64_t pixelStepsOf(const GenerationSettings& settings) {
    const auto of = [&settings](const Pass& pass) {
        return std::int64_t{pass.width} * pass.height * partsOf(settings, pass.taken());
    };
    const auto second = secondPassOf(settings);
    return (of(firstPassOf(settings)) + (second ? of(*second) : 0)) * settings.count / kPartsOfStep;
}

double workOf(const GenerationSettings& settings) {
    return static_cast<double>(pixelStepsOf(settings)) / kMega;
}

double workOf(const ModelInfo& model) {
    GenerationSettings own;
    own.width = model.width;
    own.height = model.height;
    own.steps = model.steps;
    own.guidance = model.guidance;
    own.sampler = model.sampler;
    return workOf(own);
}

Expected<void> checkWork(const GenerationSettings& settings, const Limits& limits) {
    if (!limits.maxWork || workOf(settings) <= *limits.maxWork) {
        return {};
    }
    const auto ways = waysToFit(settings, limits);
    std::string advice;
    for (std::size_t i = 0; i < ways.size(); ++i) {
        advice += (i == 0 ? "" : i + 1 == ways.size() ? " or " : ", ") + ways[i].words;
    }
    if (ways.empty()) {
        advice = "fewer and smaller pictures with fewer steps";
    }
    return tl::unexpected(tooMuchWork(
        ways.empty() ? "steps" : ways.front().field,
        fmt::format("{}; this server takes at most {} in one request. Ask for {}{}.", sum(settings),
                    spelled(*limits.maxWork), ways.empty() ? "" : "at most ", advice)));
}

}  // namespace easel::protocol
