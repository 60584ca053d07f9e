// SPDX-License-Identifier: Apache-2.0
#include "shared/protocol/infotext.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <map>
#include <utility>

#include <nlohmann/json.hpp>

namespace easel::protocol {

namespace {

using Names = std::pair<std::string_view, std::string_view>;  // wire, A1111

constexpr std::array<Names, 5> kSamplerNames{{{"pndm", "PLMS"},
                                              {"ddim", "DDIM"},
                                              {"euler", "Euler"},
                                              {"euler_a", "Euler a"},
                                              {"dpmpp_2m", "DPM++ 2M"}}};
// "default" is the model's own spacing, which has no name over there, so nothing is written for it.
constexpr std::array<Names, 1> kScheduleNames{{{"karras", "Karras"}}};

template <std::size_t N>
std::string_view labelOf(const std::array<Names, N>& names, std::string_view wire) {
    const auto found =
        std::find_if(names.begin(), names.end(), [&](const Names& n) { return n.first == wire; });
    return found == names.end() ? wire : found->second;
}

template <std::size_t N>
std::string_view wireOf(const std::array<Names, N>& names, std::string_view label) {
    const auto found =
        std::find_if(names.begin(), names.end(), [&](const Names& n) { return n.second == label; });
    return found == names.end() ? label : found->first;
}

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

std::string quotedValue(std::string_view value) {
    if (value.find_first_of(",:\n") == std::string_view::npos) {
        return std::string(value);
    }
    return nlohmann::json(value).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string decimal(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.10g", value);
    return text;
}

template <typename T>
bool readNumber(std::string_view text, T& target) {
    T value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) {
        return false;
    }
    target = value;
    return true;
}

/// One past the end of the value that starts at `at`: a JSON string, or everything up to a comma.
std::size_t endOfValue(std::string_view line, std::size_t at) {
    if (at < line.size() && line[at] == '"') {
        for (std::size_t i = at + 1; i < line.size(); ++i) {
            if (line[i] == '\\') {
                ++i;
            } else if (line[i] == '"') {
                return i + 1;
            }
        }
    }
    return std::min(line.find(',', at), line.size());
}

std::map<std::string, std::string, std::less<>> parseSettingsLine(std::string_view line) {
    std::map<std::string, std::string, std::less<>> values;
    std::size_t at = 0;
    while (at < line.size()) {
        const auto colon = line.find(':', at);
        if (colon == std::string_view::npos) {
            break;
        }
        // Words before an earlier comma are not part of this key.
        const auto comma = line.rfind(',', colon);
        const auto keyAt = comma != std::string_view::npos && comma >= at ? comma + 1 : at;
        const std::string_view key = trimmed(line.substr(keyAt, colon - keyAt));
        const auto valueAt = std::min(line.find_first_not_of(' ', colon + 1), line.size());
        const auto end = endOfValue(line, valueAt);
        std::string value(trimmed(line.substr(valueAt, end - valueAt)));
        if (value.size() >= 2 && value.front() == '"') {
            const auto text = nlohmann::json::parse(value, nullptr, false);
            if (text.is_string()) {
                value = text.get<std::string>();
            }
        }
        values.insert_or_assign(std::string(key), std::move(value));
        at = std::min(line.find(',', end), line.size());
        at = at < line.size() ? at + 1 : at;
    }
    return values;
}

}  // namespace

std::string toInfotext(const GenerationSettings& settings, std::string_view softwareVersion) {
    std::string text = settings.prompt;
    if (!settings.negativePrompt.empty()) {
        text += "\nNegative prompt: " + settings.negativePrompt;
    }
    text += "\nSteps: " + std::to_string(settings.steps);
    text += ", Sampler: " + std::string(labelOf(kSamplerNames, settings.sampler));
    if (settings.schedule != "default") {
        text += ", Schedule type: " + std::string(labelOf(kScheduleNames, settings.schedule));
    }
    text += ", CFG scale: " + decimal(settings.guidance);
    text += ", Seed: " + std::to_string(settings.seed);
    text += ", Size: " + std::to_string(settings.width) + "x" + std::to_string(settings.height);
    text += ", Model: " + quotedValue(settings.model);
    text += ", RNG: CPU, Version: Easel " + std::string(softwareVersion);
    return text;
}

std::optional<GenerationSettings> fromInfotext(std::string_view text) {
    text = trimmed(text);
    const auto lastBreak = text.rfind('\n');
    const auto lineAt = lastBreak == std::string_view::npos ? 0 : lastBreak + 1;
    const auto values = parseSettingsLine(text.substr(lineAt));
    if (values.size() < 3 || !values.contains("Steps")) {
        return {};
    }

    GenerationSettings settings;
    const std::string_view prompts = trimmed(text.substr(0, lineAt));
    constexpr std::string_view kNegative = "Negative prompt:";
    std::size_t negativeAt = prompts.starts_with(kNegative) ? 0 : prompts.find("\nNegative prompt:");
    if (negativeAt == std::string_view::npos) {
        settings.prompt = prompts;
    } else {
        settings.prompt = trimmed(prompts.substr(0, negativeAt));
        negativeAt += prompts[negativeAt] == '\n' ? 1 : 0;
        settings.negativePrompt = trimmed(prompts.substr(negativeAt + kNegative.size()));
    }

    const auto value = [&](std::string_view key) -> std::string_view {
        const auto found = values.find(key);
        return found == values.end() ? std::string_view{} : std::string_view(found->second);
    };
    readNumber(value("Steps"), settings.steps);
    readNumber(value("CFG scale"), settings.guidance);
    readNumber(value("Seed"), settings.seed);
    const std::string_view size = value("Size");
    if (const auto cross = size.find('x'); cross != std::string_view::npos) {
        readNumber(size.substr(0, cross), settings.width);
        readNumber(size.substr(cross + 1), settings.height);
    }
    settings.model = value("Model");
    std::string_view sampler = value("Sampler");
    std::string_view schedule = value("Schedule type");
    // Older files carry the schedule in the sampler's name: "DPM++ 2M Karras".
    for (const auto& [wire, label] : kScheduleNames) {
        if (schedule.empty() && sampler.size() > label.size() && sampler.ends_with(label)) {
            sampler = trimmed(sampler.substr(0, sampler.size() - label.size()));
            schedule = label;
        }
    }
    settings.sampler = wireOf(kSamplerNames, sampler);
    settings.schedule =
        schedule.empty() || schedule == "Automatic" ? "default" : wireOf(kScheduleNames, schedule);
    return settings;
}

}  // namespace easel::protocol
