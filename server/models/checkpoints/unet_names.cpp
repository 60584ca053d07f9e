// SPDX-License-Identifier: Apache-2.0
#include "server/models/checkpoints/unet_names.h"

#include <algorithm>
#include <set>

#include <fmt/core.h>

#include "server/models/checkpoints/name_parts.h"

namespace easel::models {

namespace {

constexpr std::string_view kDownEnds[] = {"0.op."};
constexpr std::string_view kUpEnds[] = {"1.conv.", "2.conv."};

constexpr Renaming kOutside[] = {
    {"input_blocks.0.0.", "conv_in."},
    {"time_embed.0.", "time_embedding.linear_1."},
    {"time_embed.2.", "time_embedding.linear_2."},
    {"time_embed.cond_proj.", "time_embedding.cond_proj."},
    {"label_emb.0.0.", "add_embedding.linear_1."},
    {"label_emb.0.2.", "add_embedding.linear_2."},
    {"out.0.", "conv_norm_out."},
    {"out.2.", "conv_out."},
    {"middle_block.1.", "mid_block.attentions.0."},
    {"middle_block_out.0.", "controlnet_mid_block."},
    {"input_hint_block.0.", "controlnet_cond_embedding.conv_in."},
    {"input_hint_block.14.", "controlnet_cond_embedding.conv_out."},
};

constexpr Renaming kResnet[] = {
    {"in_layers.0.", "norm1."},  {"in_layers.2.", "conv1."},  {"emb_layers.1.", "time_emb_proj."},
    {"out_layers.0.", "norm2."}, {"out_layers.3.", "conv2."}, {"skip_connection.", "conv_shortcut."},
};

std::optional<std::string> below(const std::string& place, const std::optional<std::string>& name) {
    return name ? std::optional(place + *name) : std::nullopt;
}

/// The layers between the ends of a ControlNet's way from picture to features: every second one has weights.
std::optional<std::string> hintLayer(std::string_view name) {
    const auto index = takeIndex(name);
    if (!index || *index % 2 != 0 || *index < 2 || *index > 12) {
        return std::nullopt;
    }
    return fmt::format("controlnet_cond_embedding.blocks.{}.{}", *index / 2 - 1, name);
}

}  // namespace

UNetNames::UNetNames(std::span<const std::string_view> names)
    : m_down(placesIn(names, "input_blocks.", 1, kDownEnds)),
      m_up(placesIn(names, "output_blocks.", 0, kUpEnds)) {}

/// The original counts layers and what lies between blocks alike; an end is the last of its block.
std::vector<UNetNames::Place> UNetNames::placesIn(std::span<const std::string_view> names,
                                                  std::string_view list, int begin,
                                                  std::span<const std::string_view> ends) {
    int count = begin;
    std::set<int> last;
    for (std::string_view name : names) {
        if (!takeBegin(name, list)) {
            continue;
        }
        if (const auto index = takeIndex(name)) {
            count = std::max(count, *index + 1);
            if (std::ranges::any_of(ends, [name](std::string_view end) { return name.starts_with(end); })) {
                last.insert(*index);
            }
        }
    }
    std::vector<Place> places;
    Place next{0, 0};
    for (int i = begin; i < count; ++i) {
        places.push_back(next);
        next = last.contains(i) ? Place{next.block + 1, 0} : Place{next.block, next.layer + 1};
    }
    return places;
}

std::optional<std::string> UNetNames::translated(std::string_view name) const {
    if (auto outside = renamed(name, kOutside)) {
        return outside;
    }
    if (takeBegin(name, "middle_block.")) {
        const auto index = takeIndex(name);
        if (index != 0 && index != 2) {
            return std::nullopt;
        }
        return below(fmt::format("mid_block.resnets.{}.", *index / 2), renamed(name, kResnet));
    }
    if (takeBegin(name, "input_hint_block.")) {
        return hintLayer(name);
    }
    if (takeBegin(name, "zero_convs.")) {
        const auto index = takeIndex(name);
        return index && takeBegin(name, "0.")
                   ? std::optional(fmt::format("controlnet_down_blocks.{}.{}", *index, name))
                   : std::nullopt;
    }
    const bool isDown = takeBegin(name, "input_blocks.");
    if (!isDown && !takeBegin(name, "output_blocks.")) {
        return std::nullopt;
    }
    const auto& places = isDown ? m_down : m_up;
    const auto index = takeIndex(name);
    const std::size_t at = index ? static_cast<std::size_t>(*index - (isDown ? 1 : 0)) : places.size();
    const auto inner = takeIndex(name);
    if (at >= places.size() || !inner) {
        return std::nullopt;
    }
    const std::string block = fmt::format("{}.{}.", isDown ? "down_blocks" : "up_blocks", places[at].block);
    if (isDown && *inner == 0 && takeBegin(name, "op.")) {
        return block + "downsamplers.0.conv." + std::string(name);
    }
    if (!isDown && (*inner == 1 || *inner == 2) && takeBegin(name, "conv.")) {
        return block + "upsamplers.0.conv." + std::string(name);
    }
    if (*inner == 0) {
        return below(fmt::format("{}resnets.{}.", block, places[at].layer), renamed(name, kResnet));
    }
    return *inner == 1 ? std::optional(fmt::format("{}attentions.{}.{}", block, places[at].layer, name))
                       : std::nullopt;
}

}  // namespace easel::models
