// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>
#include <type_traits>

#include "shared/protocol/generation.h"
#include "shared/protocol/server_info.h"

/// What a row of kGenerationFields says.
namespace easel::protocol {

struct Range {
    double least;
    double most;
};

/// Where a field belongs, in the order in which they are offered.
enum class FieldGroup {
    Main,          ///< what every picture needs
    Sampling,      ///< how the noise is taken away
    Words,         ///< how the prompts are read
    Additions,     ///< what is added to the model
    Start,         ///< a picture to begin with
    Mask,          ///< the part of it that is drawn anew
    Extend,        ///< what is drawn beyond it
    Hires,         ///< a second, larger pass
    Variation,     ///< the neighbours of a seed
    Refiner,       ///< another model for the last steps
    Sizes,         ///< what an SDXL model is told of sizes
    Acceleration,  ///< what saves time and changes the picture
    Watching,      ///< what is shown meanwhile
};

/// "main", …
std::string_view toString(FieldGroup group);
/// For a person: "Start picture", …
const char* titleOf(FieldGroup group);

/// How a field is called. Texts for people are in English; the desktop translates them.
struct FieldWords {
    const char* name;      ///< in JSON, in a form and a query, and with dashes on the command line
    const char* infotext;  ///< its key in the settings line of an infotext; empty: it has none of its own
    const char* title;     ///< for a person
    const char* help;      ///< one sentence on what it does
};

/// One row: `Asked` is std::optional<Drawn>, but for the prompt, which nobody may leave out, and for lists,
/// of which an empty one is none.
template <typename Asked, typename Drawn>
struct Field : FieldWords {
    using Value = Drawn;

    Asked GenerationRequest::*asked;
    Drawn GenerationSettings::*drawn;
    Drawn ModelInfo::*preset;              ///< what the model prefers; null: the same for each model
    Range (*range)(const Limits& limits);  ///< null where it is not a matter of more or less
    bool quiet;                            ///< its usual value goes without saying
    FieldGroup group = FieldGroup::Main;
    std::span<const std::string_view> choices = {};  ///< the only values that there are; empty: any

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

/// A field of `group`, whose usual value goes without saying and is the same for each model.
template <typename Asked, typename Drawn>
constexpr Field<Asked, Drawn> fieldOf(FieldGroup group, FieldWords words, Asked GenerationRequest::*asked,
                                      Drawn GenerationSettings::*drawn,
                                      Range (*range)(const Limits&) = nullptr) {
    return {words, asked, drawn, nullptr, range, true, group};
}
/// One that is one of `choices`.
template <typename Asked, typename Drawn>
constexpr Field<Asked, Drawn> choiceOf(FieldGroup group, FieldWords words, Asked GenerationRequest::*asked,
                                       Drawn GenerationSettings::*drawn,
                                       std::span<const std::string_view> choices) {
    return {words, asked, drawn, nullptr, nullptr, true, group, choices};
}

template <int Least, int Most>
constexpr Range between(const Limits& /*limits*/) {
    return {Least, Most};
}
/// Pixels, from none to more than any picture has.
constexpr Range pixels(const Limits& /*limits*/) {
    return {0, 16384};
}

/// Of the places in a cell of two by two one stays.
inline constexpr double kMostTokenMerging = 0.75;

inline constexpr std::string_view kPromptSyntaxes[] = {"a1111", "plain"};
inline constexpr std::string_view kEmphases[] = {"original", "no_norm"};
inline constexpr std::string_view kResizes[] = {"stretch", "crop", "fill"};
inline constexpr std::string_view kMaskedContents[] = {"original", "fill", "noise"};
inline constexpr std::string_view kInpaintAreas[] = {"whole", "masked"};
inline constexpr std::string_view kHiresUpscalers[] = {"latent", "lanczos"};
inline constexpr std::string_view kDecoders[] = {"full", "tiny"};

}  // namespace easel::protocol
