// SPDX-License-Identifier: Apache-2.0
#include "shared/protocol/addition.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include <fmt/core.h>

#include "shared/protocol/infotext_line.h"

namespace easel::protocol {

namespace {

bool isWeight(double weight) {
    return std::abs(weight) <= kMaxAdditionWeight;  // false for what is no number
}

std::optional<double> number(std::string_view text) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) {
        return {};
    }
    return value;
}

/// The parts of `text` between `mark`s, trimmed.
std::vector<std::string_view> split(std::string_view text, char mark) {
    std::vector<std::string_view> parts;
    while (true) {
        const auto end = text.find(mark);
        parts.push_back(trimmed(text.substr(0, end)));
        if (end == std::string_view::npos) {
            return parts;
        }
        text.remove_prefix(end + 1);
    }
}

constexpr std::string_view kBlocks = "blocks=";

bool readBlocks(std::string_view text, std::vector<double>& blocks) {
    for (const std::string_view each : split(text, '/')) {
        const auto factor = number(each);
        if (!factor) {
            return false;
        }
        blocks.push_back(*factor);
    }
    return true;
}

bool read(std::vector<std::string_view> parts, LoraUse& use) {
    if (parts.size() > 1 && parts.back().starts_with(kBlocks)) {
        if (!readBlocks(parts.back().substr(kBlocks.size()), use.blocks)) {
            return false;
        }
        parts.pop_back();
    }
    if (parts.size() > 3 || parts[0].empty()) {
        return false;
    }
    use.name = parts[0];
    if (parts.size() > 1) {
        const auto weight = number(parts[1]);
        use.weight = weight.value_or(0);
        use.textWeight = parts.size() > 2 ? number(parts[2]) : std::nullopt;
        return weight && (parts.size() == 2 || use.textWeight);
    }
    return true;
}

bool read(const std::vector<std::string_view>& parts, ControlUse& use) {
    if (parts.size() < 2 || parts.size() > 5 || parts[0].empty()) {
        return false;
    }
    use.model = parts[0];
    use.image = parts[1];
    double* const numbers[] = {&use.scale, &use.start, &use.end};
    for (std::size_t i = 2; i < parts.size(); ++i) {
        const auto value = number(parts[i]);
        if (!value) {
            return false;
        }
        *numbers[i - 2] = *value;
    }
    return true;
}

template <typename Use>
bool readAll(std::string_view text, std::vector<Use>& into) {
    std::vector<Use> uses;
    if (!trimmed(text).empty()) {
        for (const std::string_view each : split(text, ',')) {
            if (!read(split(each, ':'), uses.emplace_back())) {
                return false;
            }
        }
    }
    into = std::move(uses);
    return true;
}

}  // namespace

std::optional<Problem> objectionTo(const std::vector<LoraUse>& loras) {
    if (loras.size() > kMaxLoras) {
        return invalidField("loras", fmt::format("{} LoRAs are too many; at most {} can be used together.",
                                                 loras.size(), kMaxLoras));
    }
    for (const LoraUse& use : loras) {
        if (use.name.empty()) {
            return invalidField("loras", "A LoRA needs a name; GET /v1/addons lists them.");
        }
        if (!isWeight(use.weight) || !isWeight(use.textWeight.value_or(0))) {
            return invalidField("loras", fmt::format("The weight of {} must be between {:.6g} and {:.6g}.",
                                                     use.name, -kMaxAdditionWeight, kMaxAdditionWeight));
        }
        if (use.blocks.size() > kMaxLoraBlocks || !std::ranges::all_of(use.blocks, isWeight)) {
            return invalidField(
                "loras", fmt::format("The blocks of {} must be at most {} factors between {:.6g} and {:.6g}.",
                                     use.name, kMaxLoraBlocks, -kMaxAdditionWeight, kMaxAdditionWeight));
        }
    }
    return {};
}

std::optional<Problem> objectionTo(const std::vector<ControlUse>& controls) {
    if (controls.size() > kMaxControls) {
        return invalidField("controls",
                            fmt::format("{} ControlNets are too many; at most {} can be used together.",
                                        controls.size(), kMaxControls));
    }
    for (const ControlUse& use : controls) {
        if (use.model.empty()) {
            return invalidField("controls",
                                "A ControlNet needs its model's name; GET /v1/addons lists them.");
        }
        if (use.image.empty()) {
            return invalidField(
                "controls",
                fmt::format("{} needs a picture to hold to: an id of POST /v1/inputs.", use.model));
        }
        if (!isWeight(use.scale)) {
            return invalidField("controls", fmt::format("The scale of {} must be between {:.6g} and {:.6g}.",
                                                        use.model, -kMaxAdditionWeight, kMaxAdditionWeight));
        }
        if (!(use.start >= 0 && use.start < use.end && use.end <= 1)) {
            return invalidField(
                "controls",
                fmt::format("{} must start before it ends, between 0 and 1 of the steps.", use.model));
        }
    }
    return {};
}

std::string spelled(const std::vector<LoraUse>& loras) {
    std::string text;
    for (const LoraUse& use : loras) {
        text += fmt::format("{}{}:{}", text.empty() ? "" : ", ", use.name, spelled(use.weight));
        if (use.textWeight) {
            text += ":" + spelled(*use.textWeight);
        }
        for (std::string_view before = ":blocks="; const double factor : use.blocks) {
            text += std::string(std::exchange(before, "/")) + spelled(factor);
        }
    }
    return text;
}

std::string spelled(const std::vector<ControlUse>& controls) {
    std::string text;
    for (const ControlUse& use : controls) {
        text += fmt::format("{}{}:{}:{}:{}:{}", text.empty() ? "" : ", ", use.model, use.image,
                            spelled(use.scale), spelled(use.start), spelled(use.end));
    }
    return text;
}

bool read(std::string_view text, std::vector<LoraUse>& into) {
    return readAll(text, into);
}

bool read(std::string_view text, std::vector<ControlUse>& into) {
    return readAll(text, into);
}

}  // namespace easel::protocol
