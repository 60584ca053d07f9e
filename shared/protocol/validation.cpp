// SPDX-License-Identifier: Apache-2.0
#include "shared/protocol/validation.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <set>
#include <span>
#include <string>
#include <type_traits>

#include <fmt/core.h>

#include "shared/protocol/accelerations.h"
#include "shared/protocol/generation_fields.h"
#include "shared/protocol/operations.h"
#include "shared/protocol/passes.h"
#include "shared/protocol/samplers.h"
#include "shared/text/utf8.h"

namespace easel::protocol {

namespace {

/// What was asked for, or else the model's own, or the usual.
template <typename Row>
void fill(const Row& row, const GenerationRequest& request, const ModelInfo& model,
          GenerationSettings& settings) {
    const auto& asked = row.of(request);
    if constexpr (requires { asked.has_value(); }) {
        row.of(settings) = asked.value_or(row.preset ? model.*row.preset : row.of(settings));
    } else {
        row.of(settings) = asked;
    }
}

void check(std::optional<Problem>& problem, const char* field, double value, const Range& range) {
    if (!problem && !(value >= range.least && value <= range.most)) {
        problem = invalidField(field, fmt::format("{} must be between {:.6g} and {:.6g}; it is {:.6g}.",
                                                  field, range.least, range.most, value));
    }
}

void checkSide(std::optional<Problem>& problem, const char* field, int value, const Limits& limits) {
    const int multiple = limits.sideMultiple;
    if (!problem && value % multiple != 0) {
        const int near =
            std::clamp((value + multiple / 2) / multiple * multiple, limits.minSide, limits.maxSide);
        problem = invalidField(field, fmt::format("{} must be a multiple of {}; {} is the nearest to {}.",
                                                  field, multiple, near, value));
    }
}

void checkText(std::optional<Problem>& problem, const char* field, const std::string& value,
               const Limits& limits) {
    if (problem) {
        return;
    }
    if (value.size() > std::size_t(limits.maxPromptBytes)) {
        problem = invalidField(field, fmt::format("{} is {} bytes long; at most {} are read.", field,
                                                  value.size(), limits.maxPromptBytes));
    } else if (value.find('\0') != std::string::npos) {
        problem =
            invalidField(field, fmt::format("{} holds a NUL character, which no text may hold.", field));
    } else if (!text::isUtf8(value)) {
        problem = invalidField(field, fmt::format("{} is not valid UTF-8 text.", field));
    }
}

void checkSeed(std::optional<Problem>& problem, const char* field, std::int64_t value, const Limits& limits) {
    if (!problem && (value < -1 || value > limits.maxSeed)) {
        problem =
            invalidField(field, fmt::format("{} must be between 0 and {}, or -1 for a random one; it is {}.",
                                            field, limits.maxSeed, value));
    }
}

std::optional<Problem> checkEta(double eta, const SamplerKind& sampler) {
    if (!sampler.takesEta) {
        return invalidField("eta",
                            fmt::format("The sampler {} takes no eta. Leave it out, or ask for one that "
                                        "does: /v1/server tells which.",
                                        sampler.name));
    }
    if (eta < 0) {
        return invalidField("eta",
                            fmt::format("eta must be between 0 and 1, or -1 for the sampler's own; it is "
                                        "{:.6g}.",
                                        eta));
    }
    return {};
}

template <typename Range>
std::string listed(const Range& names) {
    std::string text;
    for (const auto& name : names) {
        text += (text.empty() ? "" : ", ") + std::string(name);
    }
    return text;
}

void checkChoice(std::optional<Problem>& problem, const char* field, const std::string& value,
                 std::span<const std::string_view> choices) {
    if (!problem && !choices.empty() && std::ranges::find(choices, value) == choices.end()) {
        problem = invalidField(
            field, fmt::format("There is no {} \"{}\"; there is: {}.", field, value, listed(choices)));
    }
}

/// What stands beside the prompt is right in itself, and goes together.
void checkAdditions(std::optional<Problem>& problem, const GenerationSettings& settings) {
    const auto check = [&problem](bool isRight, const char* field, const char* detail) {
        if (!problem && !isRight) {
            problem = invalidField(field, detail);
        }
    };
    if (!problem) {
        problem = objectionTo(settings.loras);
    }
    if (!problem) {
        problem = objectionTo(settings.controls);
    }
    check(settings.mask.empty() || !settings.initImage.empty(), "mask",
          "A mask says which part of a picture is drawn anew: give that picture as init_image.");
    check(!isExtended(settings) || !settings.initImage.empty(), "init_image",
          "Only a picture can be extended: give it as init_image.");
    check(settings.controls.empty() || settings.mask.empty() || settings.inpaintArea != "masked",
          "inpaint_area", "ControlNets hold to a picture as a whole: leave inpaint_area or controls out.");
}

// ASCII's own, for those of the C library ask the locale: a Turkish one has other ideas of "I".
char lowered(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// Bytes of multi-byte characters count as letters: no table of Unicode is worth it for a hint.
bool isLetter(char c) {
    return (lowered(c) >= 'a' && lowered(c) <= 'z') || (c >= '0' && c <= '9') ||
           static_cast<unsigned char>(c) >= 0x80;
}

std::vector<std::string> wordsOf(std::string_view text) {
    std::vector<std::string> words(1);
    for (const char c : text) {
        if (isLetter(c)) {
            words.back() += lowered(c);
        } else if (!words.back().empty() && c != '\'') {
            words.emplace_back();
        }
    }
    if (words.back().empty()) {
        words.pop_back();
    }
    return words;
}

}  // namespace

Problem noSuchModel(const std::string& id, const std::vector<std::string>& some) {
    return invalidField("model",
                        fmt::format("There is no model \"{}\" here; there is: {}.", id, listed(some)));
}

Expected<GenerationSettings> resolve(const GenerationRequest& request, const ModelInfo& model,
                                     const Limits& limits, const std::function<std::int64_t()>& randomSeed) {
    GenerationSettings settings;
    forEachField([&](const auto& row) { fill(row, request, model, settings); });
    settings.model = model.id;
    if (!settings.initImage.empty()) {
        settings.strength = request.strength.value_or(model.strength);
        // Models of one step would have none left.
        if (!request.steps && settings.strength > 0 && settings.strength <= 1) {
            const double one = std::min(std::ceil(1 / settings.strength), double(limits.maxSteps));
            settings.steps = std::max(settings.steps, static_cast<int>(one));
        }
    }

    std::optional<Problem> problem;
    checkText(problem, "prompt", settings.prompt, limits);
    checkText(problem, "negative_prompt", settings.negativePrompt, limits);
    forEachNumber(
        [&](const auto& row) { check(problem, row.name, double(row.of(settings)), row.range(limits)); });
    checkSide(problem, "width", settings.width, limits);
    checkSide(problem, "height", settings.height, limits);
    forEachField([&](const auto& row) {
        if constexpr (std::is_same_v<typename std::remove_cvref_t<decltype(row)>::Value, std::string>) {
            checkChoice(problem, row.name, row.of(settings), row.choices);
        }
    });
    checkAdditions(problem, settings);
    const auto sampling = samplingOf(settings.sampler, request.schedule.value_or(""));
    settings.sampler = sampling.sampler;
    settings.schedule = sampling.schedule;
    const SamplerKind* const sampler = findSamplerKind(settings.sampler);
    if (!problem && !sampler && findSamplerKind(samplingOf(settings.sampler, "").sampler)) {
        problem = invalidField("schedule", fmt::format("schedule says \"{}\", but the sampler \"{}\" has "
                                                       "another one in its name. Leave one of them out.",
                                                       settings.schedule, settings.sampler));
    }
    if (!problem && !sampler) {
        problem = invalidField("sampler", fmt::format("There is no sampler \"{}\"; there is: {}.",
                                                      settings.sampler, samplerNames()));
    }
    if (!problem && std::ranges::find(sampler->schedules, settings.schedule) == sampler->schedules.end()) {
        problem = invalidField(
            "schedule", fmt::format("The sampler {} has no schedule \"{}\"; it has: {}.", settings.sampler,
                                    settings.schedule, listed(sampler->schedules)));
    }
    if (!problem && request.eta && *request.eta != -1) {
        problem = checkEta(*request.eta, *sampler);
    }
    const std::int64_t seed = request.seed.value_or(-1);
    checkSeed(problem, "seed", seed, limits);
    checkSeed(problem, "variation_seed", settings.variationSeed, limits);
    if (!problem) {
        problem = beyond(model, settings);
    }
    if (!problem) {
        problem = objectionToAccelerations(settings);
    }
    if (!problem) {
        problem = objectionToPasses(settings, limits);
    }
    if (problem) {
        return tl::unexpected(*problem);
    }
    settings.seed = seed == -1 ? randomSeed() : seed;
    if (settings.variationStrength > 0 && settings.variationSeed == -1) {
        settings.variationSeed = randomSeed();
    }
    return settings;
}

bool isBlank(std::string_view text) {
    // ASCII's own, and those of Unicode's White_Space beyond it.
    static constexpr std::string_view kSpaces[] = {
        " ",      "\t",     "\n",     "\v",     "\f",     "\r",     "\u0085", "\u00A0", "\u1680",
        "\u2000", "\u2001", "\u2002", "\u2003", "\u2004", "\u2005", "\u2006", "\u2007", "\u2008",
        "\u2009", "\u200A", "\u2028", "\u2029", "\u202F", "\u205F", "\u3000"};
    while (!text.empty()) {
        const auto* const space =
            std::find_if(std::begin(kSpaces), std::end(kSpaces),
                         [text](std::string_view each) { return text.starts_with(each); });
        if (space == std::end(kSpaces)) {
            return false;
        }
        text.remove_prefix(space->size());
    }
    return true;
}

std::vector<std::string> unknownWords(std::string_view prompt, const ModelInfo& model) {
    std::vector<std::string> unknown;
    if (model.knownNames.empty()) {
        return unknown;
    }
    std::set<std::string> known;
    for (const auto* list : {&model.knownNames, &model.knownWords}) {
        for (const std::string& entry : *list) {
            for (std::string& word : wordsOf(entry)) {
                known.insert(std::move(word));
            }
        }
    }
    // A plural is understood well enough: cats, foxes, cherries.
    const auto isPlural = [&](std::string_view word) {
        const auto endsAs = [&](std::string_view ending, std::string_view singular) {
            return word.ends_with(ending) && word.size() > ending.size() + 1 &&
                   known.contains(std::string(word.substr(0, word.size() - ending.size())).append(singular));
        };
        return endsAs("s", "") || endsAs("es", "") || endsAs("ies", "y");
    };
    for (std::string& word : wordsOf(prompt)) {
        if (!known.contains(word) && !isPlural(word)) {
            unknown.push_back(std::move(word));
        }
    }
    return unknown;
}

}  // namespace easel::protocol
