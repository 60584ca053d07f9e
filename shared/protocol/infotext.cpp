// SPDX-License-Identifier: Apache-2.0
#include "shared/protocol/infotext.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <concepts>
#include <iterator>
#include <type_traits>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "shared/protocol/generation_fields.h"
#include "shared/protocol/infotext_line.h"
#include "shared/protocol/samplers.h"

namespace easel::protocol {

namespace {

/// A value as it stands in the settings line.
std::string written(double value) {
    return spelled(value);
}
template <std::integral Integer>
std::string written(Integer value) {
    return std::to_string(value);
}
std::string written(const std::string& value) {
    return quotedIfNeeded(value);
}
template <typename Use>
std::string written(const std::vector<Use>& uses) {
    return quotedIfNeeded(spelled(uses));
}

void take(std::string_view text, std::string& target) {
    target = text;
}
template <typename Use>
void take(std::string_view text, std::vector<Use>& target) {
    read(text, target);
}
/// What is no number leaves `target` as it is.
template <typename Number>
void take(std::string_view text, Number& target) {
    Number value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc() && end == text.data() + text.size() && std::isfinite(double(value))) {
        target = value;
    }
}

constexpr std::string_view kSize = "Size";                    ///< both sides: "512x768"
constexpr std::string_view kStrength = "Denoising strength";  ///< where there is any, it is always written

/// What is written only where the prompts would not read back as they are. A1111 and its relatives skip keys
/// that they do not know.
constexpr std::string_view kExactPrompt = "Easel prompt";
constexpr std::string_view kExactNegative = "Easel negative prompt";

/// AUTOMATIC1111's words for values of ours; nothing of ours is written otherwise.
struct Spelling {
    std::string GenerationSettings::*field;
    std::string_view own;
    std::string_view theirs;
};
constexpr Spelling kSpellings[] = {
    {&GenerationSettings::emphasis, "original", "Original"},
    {&GenerationSettings::emphasis, "no_norm", "No norm"},
    {&GenerationSettings::maskedContent, "noise", "latent noise"},
    {&GenerationSettings::inpaintArea, "whole", "Whole picture"},
    {&GenerationSettings::inpaintArea, "masked", "Only masked"},
    {&GenerationSettings::hiresUpscaler, "latent", "Latent"},
    {&GenerationSettings::hiresUpscaler, "lanczos", "Lanczos"},
    {&GenerationSettings::decoder, "full", "Full"},
    {&GenerationSettings::decoder, "tiny", "TAESD"},
};

/// `settings` as AUTOMATIC1111 says them. It has one strength, of whatever a picture goes through twice.
GenerationSettings asTheirs(GenerationSettings settings) {
    settings.sampler = std::string(infotextOfSampler(settings.sampler));
    settings.schedule = std::string(infotextOfSchedule(settings.schedule));
    for (const Spelling& spelling : kSpellings) {
        if (settings.*spelling.field == spelling.own) {
            settings.*spelling.field = spelling.theirs;
        }
    }
    if (settings.hiresScale > 1) {
        settings.strength = settings.hiresStrength;
    }
    return settings;
}

/// The way back, in part: samplers and schedules go together.
void takeTheirs(const InfotextValues& values, GenerationSettings& settings) {
    if (settings.hiresUpscaler.starts_with("Latent")) {
        settings.hiresUpscaler = "Latent";
    }
    for (const Spelling& spelling : kSpellings) {
        if (settings.*spelling.field == spelling.theirs) {
            settings.*spelling.field = spelling.own;
        }
    }
    if (const auto early = values.find("skip early cfg"); early != values.end()) {
        take(early->second, settings.guidanceFrom);
    }
    // A second pass in a size of its own, of which one side may be left to the other: 0.
    if (const auto resize = values.find("hires resize"); resize != values.end()) {
        const std::string_view size = resize->second;
        const auto cross = std::min(size.find('x'), size.size());
        int width = 0;
        int height = 0;
        take(size.substr(0, cross), width);
        take(size.substr(std::min(cross + 1, size.size())), height);
        if (width > settings.width && settings.width > 0) {
            settings.hiresScale = double(width) / settings.width;
        } else if (width == 0 && height > settings.height && settings.height > 0) {
            settings.hiresScale = double(height) / settings.height;
        }
    }
    if (settings.hiresScale > 1 && values.contains("denoising strength")) {
        settings.hiresStrength = std::exchange(settings.strength, GenerationSettings().strength);
    }
}

/// Makes usual what is none of the values that there are, and answers the keys of that.
std::vector<std::string> dropUnknownChoices(GenerationSettings& settings) {
    std::vector<std::string> keys;
    forEachField([&](const auto& row) {
        if constexpr (std::is_same_v<typename std::remove_cvref_t<decltype(row)>::Value, std::string>) {
            std::string& value = row.of(settings);
            if (!row.choices.empty() && std::ranges::find(row.choices, value) == row.choices.end()) {
                if (!value.empty()) {
                    keys.push_back(lowered(row.infotext));
                }
                value = row.of(GenerationSettings());
            }
        }
    });
    return keys;
}

std::string write(const GenerationSettings& settings, std::string_view softwareVersion, bool exact) {
    std::string text = settings.prompt;
    if (!settings.negativePrompt.empty()) {
        text += "\nNegative prompt: " + settings.negativePrompt;
    }
    const GenerationSettings named = asTheirs(settings);
    const GenerationSettings usual = asTheirs({});
    const bool isAgain = !settings.initImage.empty() || settings.hiresScale > 1;
    std::string_view separator = "\n";
    forEachField([&](const auto& row) {
        if (*row.infotext == '\0' ||
            (row.quiet && row.of(named) == row.of(usual) && !(isAgain && row.infotext == kStrength))) {
            return;
        }
        text += fmt::format("{}{}: {}", separator, row.infotext, written(row.of(named)));
        if (row.infotext == kSize) {
            text += "x" + std::to_string(settings.height);
        }
        separator = ", ";
    });
    if (exact) {
        text += fmt::format(", {}: {}, {}: {}", kExactPrompt, quoted(settings.prompt), kExactNegative,
                            quoted(settings.negativePrompt));
    }
    text += ", RNG: CPU, Version: Easel " + std::string(softwareVersion);
    return text;
}

/// Cuts the prompts at the first line that begins with "Negative prompt:".
void readPrompts(std::string_view prompts, GenerationSettings& settings) {
    constexpr std::string_view kNegative = "negative prompt:";
    prompts = trimmed(prompts);
    for (std::size_t at = 0; at < prompts.size();) {
        if (beginsWith(prompts.substr(at), kNegative)) {
            settings.prompt = trimmed(prompts.substr(0, at));
            settings.negativePrompt = trimmed(prompts.substr(at + kNegative.size()));
            return;
        }
        const auto lineBreak = prompts.find('\n', at);
        at = lineBreak == std::string_view::npos ? prompts.size() : lineBreak + 1;
    }
    settings.prompt = prompts;
}

std::string_view valueOf(const InfotextValues& values, std::string_view key) {
    const auto found = values.find(key);
    return found == values.end() ? std::string_view{} : std::string_view(found->second);
}

/// Adds `word` for the first key that begins with `key`, unless its value says that it was off.
void noteKey(const InfotextValues& values, std::string_view key, std::string_view word,
             std::vector<std::string>& words) {
    const auto found = values.lower_bound(key);
    if (found == values.end() || !found->first.starts_with(key)) {
        return;
    }
    constexpr std::string_view kOff[] = {"", "0", "None", "none", "False", "false", "Automatic"};
    if (std::ranges::find(kOff, found->second) == std::end(kOff)) {
        words.emplace_back(word);
    }
}

/// With choices that may be none of ours.
GenerationSettings settingsIn(const InfotextParts& parts) {
    GenerationSettings settings;
    readPrompts(parts.prompts, settings);
    const auto value = [&](std::string_view key) { return valueOf(parts.values, key); };
    if (parts.values.contains("easel prompt")) {
        settings.prompt = value("easel prompt");
        settings.negativePrompt = value("easel negative prompt");
    }
    forEachField([&](const auto& row) {
        // What older files and other tools leave out is as usual; the rest, they always have.
        const bool isThere = parts.values.contains(lowered(row.infotext));
        if (*row.infotext != '\0' && (isThere || row.group == FieldGroup::Main)) {
            take(value(lowered(row.infotext)), row.of(settings));
        }
    });
    const std::string_view size = value(lowered(kSize));
    if (const auto cross = size.find('x'); cross != std::string_view::npos) {
        take(size.substr(0, cross), settings.width);
        take(size.substr(cross + 1), settings.height);
    }
    const auto sampling = samplingOf(settings.sampler, value("schedule type"));
    settings.sampler = sampling.sampler;
    settings.schedule = sampling.schedule;
    takeTheirs(parts.values, settings);
    return settings;
}

}  // namespace

std::string toInfotext(const GenerationSettings& settings, std::string_view softwareVersion) {
    std::string plain = write(settings, softwareVersion, false);
    const auto back = fromInfotext(plain);
    const bool reads =
        back && back->prompt == settings.prompt && back->negativePrompt == settings.negativePrompt;
    return reads ? plain : write(settings, softwareVersion, true);
}

std::optional<GenerationSettings> fromInfotext(std::string_view text) {
    const auto parts = splitInfotext(text);
    if (!parts) {
        return {};
    }
    auto settings = settingsIn(*parts);
    dropUnknownChoices(settings);
    return settings;
}

std::vector<std::string> unsupportedIn(std::string_view infotext) {
    const auto parts = splitInfotext(infotext);
    if (!parts) {
        return {};
    }
    std::vector<std::string> words;
    const auto& values = parts->values;
    if (parts->prompts.find("<hypernet:") != std::string_view::npos || values.contains("hypernet")) {
        words.emplace_back("hypernetwork");
    }
    auto settings = settingsIn(*parts);
    const auto choices = dropUnknownChoices(settings);
    words.insert(words.end(), choices.begin(), choices.end());
    const bool isTwice = values.contains("hires upscale") || values.contains("hires resize");
    // Elsewhere a strength means that the picture began with another, which other tools do not name.
    if (!isTwice && !values.contains("start picture")) {
        noteKey(values, "denoising strength", "start picture", words);
    }
    constexpr std::pair<std::string_view, std::string_view> kOthers[] = {
        {"ti hashes", "embeddings"},
        {"controlnet ", "ControlNet"},  // "ControlNet" alone is ours; others number theirs
        {"face restoration", "face restoration"},
        {"hires checkpoint", "hires checkpoint"},
        {"hires sampler", "hires sampler"},
        {"hires schedule type", "hires schedule"},
        {"hires prompt", "hires prompt"},
        {"hires negative prompt", "hires negative prompt"},
        {"hires cfg scale", "hires guidance"},
        {"token merging ratio hr", "hires token merging"},
        {"tiling", "tiling"}};
    for (const auto& [key, word] : kOthers) {
        noteKey(values, key, word, words);
    }
    return words;
}

}  // namespace easel::protocol
