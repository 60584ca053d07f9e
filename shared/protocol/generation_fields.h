// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <tuple>
#include <type_traits>

#include "shared/protocol/generation.h"
#include "shared/protocol/server_info.h"

/// The one table of what can be asked for. Whatever reads, writes, checks or shows a request visits it: JSON,
/// the form, infotexts, the command line, the desktop's panel.
namespace easel::protocol {

struct Range {
    double least;
    double most;
};

/// How a field is called. Texts for people are in English; the desktop translates them.
struct FieldWords {
    const char* name;      ///< in JSON, in a form and a query, and with dashes on the command line
    const char* infotext;  ///< its key in the settings line of an infotext; empty: it has none of its own
    const char* title;     ///< for a person
    const char* help;      ///< one sentence on what it does
};

/// One row: `Asked` is std::optional<Drawn>, but for the prompt, which nobody may leave out.
template <typename Asked, typename Drawn>
struct Field : FieldWords {
    using Value = Drawn;

    Asked GenerationRequest::*asked;
    Drawn GenerationSettings::*drawn;
    Drawn ModelInfo::*preset;              ///< what the model prefers; null: the same for each model
    Range (*range)(const Limits& limits);  ///< null where it is not a matter of more or less
    bool quiet;                            ///< its usual value goes without saying

    auto& of(GenerationRequest& request) const { return request.*asked; }
    const auto& of(const GenerationRequest& request) const { return request.*asked; }
    auto& of(GenerationSettings& settings) const { return settings.*drawn; }
    const auto& of(const GenerationSettings& settings) const { return settings.*drawn; }
};

template <typename Asked, typename Drawn>
constexpr Field<Asked, Drawn> field(FieldWords words, Asked GenerationRequest::*asked,
                                    Drawn GenerationSettings::*drawn,
                                    std::type_identity_t<Drawn> ModelInfo::*preset = nullptr,
                                    Range (*range)(const Limits&) = nullptr, bool quiet = false) {
    return {words, asked, drawn, preset, range, quiet};
}

/// In the order in which an infotext and the command line's help have them.
inline constexpr std::tuple kGenerationFields{
    field({"prompt", "", "Prompt", "What to draw"}, &GenerationRequest::prompt, &GenerationSettings::prompt),
    field({"negative_prompt", "", "Negative prompt", "What not to draw"}, &GenerationRequest::negativePrompt,
          &GenerationSettings::negativePrompt),
    field({"steps", "Steps", "Steps", "How often the picture is refined: more takes longer"},
          &GenerationRequest::steps, &GenerationSettings::steps, &ModelInfo::steps,
          [](const Limits& limits) {
              return Range{double(limits.minSteps), double(limits.maxSteps)};
          }),
    field({"sampler", "Sampler", "Sampler", "The method that turns noise into the picture"},
          &GenerationRequest::sampler, &GenerationSettings::sampler, &ModelInfo::sampler),
    field({"schedule", "Schedule type", "Schedule",
           "How the noise is spread over the steps: default or karras"},
          &GenerationRequest::schedule, &GenerationSettings::schedule, nullptr, nullptr, true),
    field({"guidance", "CFG scale", "Guidance", "How closely the picture follows the words (CFG scale)"},
          &GenerationRequest::guidance, &GenerationSettings::guidance, &ModelInfo::guidance,
          [](const Limits& limits) {
              return Range{limits.minGuidance, limits.maxGuidance};
          }),
    field({"seed", "Seed", "Seed", "Same seed, same picture; a random one if not given"},
          &GenerationRequest::seed, &GenerationSettings::seed),
    field({"width", "Size", "Width", "In pixels, a multiple of 8"}, &GenerationRequest::width,
          &GenerationSettings::width, &ModelInfo::width,
          [](const Limits& limits) {
              return Range{double(limits.minSide), double(limits.maxSide)};
          }),
    field({"height", "", "Height", "In pixels, a multiple of 8"}, &GenerationRequest::height,
          &GenerationSettings::height, &ModelInfo::height,
          [](const Limits& limits) {
              return Range{double(limits.minSide), double(limits.maxSide)};
          }),
    field({"model", "Model", "Model", "What draws"}, &GenerationRequest::model, &GenerationSettings::model),
    field(
        {"clip_skip", "Clip skip", "Clip skip",
         "Which of the text encoder's layers the prompt is read from: 1 is the last, 2 the one before it"},
        &GenerationRequest::clipSkip, &GenerationSettings::clipSkip, nullptr,
        [](const Limits&) {
            return Range{1, 4};
        },
        true),
    field({"count", "", "Count", "How many pictures; each has the next seed"}, &GenerationRequest::count,
          &GenerationSettings::count, nullptr,
          [](const Limits& limits) {
              return Range{1, double(limits.maxCount)};
          }),
};

/// Calls `visit` with each row in turn.
template <typename Visit>
constexpr void forEachField(Visit&& visit) {
    std::apply([&](const auto&... row) { (visit(row), ...); }, kGenerationFields);
}

/// Calls `visit` with each row that is a number with a range.
template <typename Visit>
constexpr void forEachNumber(Visit&& visit) {
    forEachField([&](const auto& row) {
        if constexpr (std::is_arithmetic_v<typename std::remove_cvref_t<decltype(row)>::Value>) {
            if (row.range) {
                visit(row);
            }
        }
    });
}

/// Their names on the wire.
constexpr auto fieldNames() {
    return std::apply(
        [](const auto&... row) { return std::array<std::string_view, sizeof...(row)>{row.name...}; },
        kGenerationFields);
}

/// A request for just these pictures again. Empty texts stay unset, as does what goes without saying: older
/// servers may not know it.
GenerationRequest requestFor(const GenerationSettings& settings);

}  // namespace easel::protocol
