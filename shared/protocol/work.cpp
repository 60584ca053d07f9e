// SPDX-License-Identifier: Apache-2.0
#include "shared/protocol/work.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>
#include <string>
#include <vector>

#include "shared/protocol/samplers.h"

namespace easel::protocol {

namespace {

constexpr double kMega = 1e6;

/// "33,554"; a small one with a decimal: "13.1".
std::string spelled(double value) {
    char text[64];
    const auto end = value < 100 ? std::to_chars(text, std::end(text), value, std::chars_format::general, 3)
                                 : std::to_chars(text, std::end(text), value, std::chars_format::fixed, 0);
    std::string digits(text, end.ptr);
    const std::size_t whole = std::min(digits.find('.'), digits.size());
    for (std::size_t i = whole; i > 3; i -= 3) {
        digits.insert(i - 3, 1, ',');
    }
    return digits;
}

/// "16 pictures of 500 steps at 2048x2048 are 33,554 megapixel-steps"
std::string sum(const GenerationSettings& settings) {
    return std::to_string(settings.count) + (settings.count == 1 ? " picture" : " pictures") + " of " +
           std::to_string(settings.steps) + (settings.steps == 1 ? " step" : " steps") + " at " +
           std::to_string(settings.width) + "x" + std::to_string(settings.height) +
           (settings.count == 1 ? " is " : " are ") + spelled(workOf(settings)) + " megapixel-steps";
}

struct Way {
    const char* field;
    std::string words;
};

/// Each change that makes it fit by itself, the one first that leaves the pictures as they were asked for.
std::vector<Way> waysToFit(const GenerationSettings& settings, const Limits& limits) {
    const double excess = workOf(settings) / *limits.maxWork;
    std::vector<Way> ways;
    if (const int count = static_cast<int>(settings.count / excess); count >= 1) {
        ways.push_back({"count", std::to_string(count) + (count == 1 ? " picture" : " pictures")});
    }
    if (const int steps = static_cast<int>(settings.steps / excess); steps >= limits.minSteps) {
        ways.push_back({"steps", std::to_string(steps) + (steps == 1 ? " step" : " steps")});
    }
    const auto shrunk = [&](int side) {
        const int multiple = limits.sideMultiple;
        return static_cast<int>(side / std::sqrt(excess)) / multiple * multiple;
    };
    if (const int width = shrunk(settings.width), height = shrunk(settings.height);
        std::min(width, height) >= limits.minSide) {
        ways.push_back({"width", std::to_string(width) + "x" + std::to_string(height)});
    }
    return ways;
}

}  // namespace

std::int64_t pixelStepsOf(const GenerationSettings& settings) {
    const SamplerKind* const sampler = findSamplerKind(settings.sampler);
    const std::int64_t both = std::int64_t{settings.width} * settings.height * settings.steps *
                              settings.count * (sampler ? sampler->passes : 1);
    return settings.guidance > 1 ? both : both / 2;
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
    return tl::unexpected(tooMuchWork(ways.empty() ? "steps" : ways.front().field,
                                      sum(settings) + "; this server takes at most " +
                                          spelled(*limits.maxWork) + " in one request. Ask for " +
                                          (ways.empty() ? "" : "at most ") + advice + "."));
}

}  // namespace easel::protocol
