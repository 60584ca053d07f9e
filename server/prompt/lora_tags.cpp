// SPDX-License-Identifier: Apache-2.0
#include "server/prompt/lora_tags.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "server/prompt/number.h"
#include "shared/protocol/addition.h"

namespace easel::prompt {

namespace {

constexpr std::string_view kKinds[] = {"lora", "lyco"};
constexpr std::size_t kMostItems = 3;  // the name and two weights

std::optional<std::vector<double>> numbersIn(std::string_view text) {
    std::vector<double> numbers;
    while (numbers.size() < protocol::kMaxLoraBlocks) {
        const std::size_t end = text.find(',');
        const auto number = numberIn(trimmed(text.substr(0, end)));
        if (!number) {
            return {};
        }
        numbers.push_back(*number);
        if (end == std::string_view::npos) {
            return numbers;
        }
        text.remove_prefix(end + 1);
    }
    return {};
}

/// What stands between "<lora:" and ">".
std::optional<LoraTag> tagOf(std::string_view arguments) {
    std::vector<std::string_view> unnamed;
    std::optional<double> text;
    std::optional<double> network;
    std::vector<double> blocks;
    while (true) {
        const std::string_view item = arguments.substr(0, arguments.find(':'));
        const auto equals = item.find('=');
        if (equals == std::string_view::npos || unnamed.empty()) {
            unnamed.push_back(trimmed(item));
        } else {
            const std::string_view name = trimmed(item.substr(0, equals));
            const auto values = numbersIn(item.substr(equals + 1));
            if (!values || (name != "lbw" && ((name != "te" && name != "unet") || values->size() > 1))) {
                return {};
            }
            if (name == "lbw") {
                blocks = *values;
            } else {
                (name == "te" ? text : network) = values->front();
            }
        }
        if (item.size() == arguments.size()) {
            break;
        }
        arguments.remove_prefix(item.size() + 1);
    }
    if (unnamed.front().empty() || unnamed.size() > kMostItems) {
        return {};
    }
    std::vector<double> weights;
    for (const std::string_view item : std::span(unnamed).subspan(1)) {
        const auto weight = numberIn(item);
        if (!weight) {
            return {};
        }
        weights.push_back(*weight);
    }
    LoraTag tag{.name = std::string(unnamed.front()), .blocks = std::move(blocks)};
    tag.textWeight = text.value_or(weights.empty() ? 1 : weights[0]);
    tag.weight = network.value_or(weights.size() < 2 ? tag.textWeight : weights[1]);
    return tag;
}

}  // namespace

TaggedText takeLoraTags(std::string_view prompt) {
    const Text whole(prompt);
    TaggedText tagged;
    std::size_t kept = 0;
    for (std::size_t at = prompt.find('<'); at != std::string_view::npos; at = prompt.find('<', at + 1)) {
        const std::size_t colon = prompt.find(':', at);
        const std::size_t end = prompt.find('>', at);
        if (end == std::string_view::npos) {
            break;
        }
        if (colon > end) {
            continue;
        }
        const std::string_view kind = prompt.substr(at + 1, colon - at - 1);
        const bool isLora = std::ranges::find(kKinds, kind) != std::end(kKinds);
        if (auto tag = isLora ? tagOf(prompt.substr(colon + 1, end - colon - 1)) : std::nullopt) {
            tagged.rest.append(whole, kept, at);
            tagged.loras.push_back(std::move(*tag));
            kept = end + 1;
            at = end;
        } else if (isLora || kind == "hypernet") {
            tagged.warnings.push_back(
                std::string(prompt.substr(at, end + 1 - at)) + " is read as text: " +
                (isLora ? "a tag is <lora:NAME:WEIGHT>." : "Easel has no hypernetworks."));
        }
    }
    tagged.rest.append(whole, kept, prompt.size());
    return tagged;
}

}  // namespace easel::prompt
