// SPDX-License-Identifier: Apache-2.0
#include "server/models/lora/original_names.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include <fmt/core.h>

namespace easel::models {

namespace {

using Names = std::pair<std::string_view, std::string_view>;

constexpr int kMostBlocks = 64;  // more than any UNet has, so that a strange name takes no memory

constexpr std::array<Names, 7> kOutside{{
    {"conv_in", "input_blocks.0.0"},
    {"time_embedding.linear_1", "time_embed.0"},
    {"time_embedding.linear_2", "time_embed.2"},
    {"add_embedding.linear_1", "label_emb.0.0"},
    {"add_embedding.linear_2", "label_emb.0.2"},
    {"conv_norm_out", "out.0"},
    {"conv_out", "out.2"},
}};
constexpr std::array<Names, 6> kInResnet{{
    {"norm1", "in_layers.0"},
    {"conv1", "in_layers.2"},
    {"time_emb_proj", "emb_layers.1"},
    {"norm2", "out_layers.0"},
    {"conv2", "out_layers.3"},
    {"conv_shortcut", "skip_connection"},
}};

template <std::size_t N>
std::string lookUp(const std::array<Names, N>& names, std::string_view name) {
    const auto found = std::ranges::find(names, name, &Names::first);
    return found == names.end() ? std::string() : std::string(found->second);
}

/// "NAME.12.rest" → 12, and `path` becomes "rest".
std::optional<int> takeNumber(std::string_view& path, std::string_view name) {
    if (!path.starts_with(name)) {
        return std::nullopt;
    }
    int number = 0;
    const char* const begin = path.data() + name.size();
    const char* const end = path.data() + path.size();
    const auto [stop, error] = std::from_chars(begin, end, number);
    if (error != std::errc() || number < 0 || number >= kMostBlocks || stop == end || *stop != '.') {
        return std::nullopt;
    }
    path.remove_prefix(static_cast<std::size_t>(stop + 1 - path.data()));
    return number;
}

std::string inResnet(const std::string& place, std::string_view rest) {
    const std::string name = lookUp(kInResnet, rest);
    return name.empty() ? name : place + '.' + name;
}

}  // namespace

int OriginalNames::Side::at(int block, int layer) const {
    int number = first + layer;
    for (int before = 0; before < block; ++before) {
        number += layers[static_cast<std::size_t>(before)] + between;
    }
    return number;
}

OriginalNames::OriginalNames(std::span<const std::string> paths) {
    m_down.first = 1;  // after conv_in
    m_down.between = 1;
    const auto count = [](Side& side, std::string_view path, int block) {
        const auto index = static_cast<std::size_t>(block);
        if (side.layers.size() <= index) {
            side.layers.resize(index + 1);
            side.hasAttention.resize(index + 1);
        }
        if (takeNumber(path, "attentions.")) {
            side.hasAttention[index] = true;
        } else if (const auto layer = takeNumber(path, "resnets.")) {
            side.layers[index] = std::max(side.layers[index], *layer + 1);
        }
    };
    bool midHasAttention = false;
    for (const std::string& each : paths) {
        std::string_view path = each;
        if (const auto down = takeNumber(path, "down_blocks.")) {
            count(m_down, path, *down);
        } else if (const auto up = takeNumber(path, "up_blocks.")) {
            count(m_up, path, *up);
        }
        midHasAttention = midHasAttention || each.starts_with("mid_block.attentions.");
    }
    m_blocks.push_back({"input_blocks.0", false});
    for (std::size_t i = 0; i < m_down.layers.size(); ++i) {
        for (int layer = 0; layer < m_down.layers[i]; ++layer) {
            m_blocks.push_back({fmt::format("input_blocks.{}", m_down.at(static_cast<int>(i), layer)),
                                m_down.hasAttention[i]});
        }
        if (i + 1 < m_down.layers.size()) {
            m_blocks.push_back(
                {fmt::format("input_blocks.{}", m_down.at(static_cast<int>(i + 1), -1)), false});
        }
    }
    m_blocks.push_back({"middle_block", midHasAttention});
    for (std::size_t i = 0; i < m_up.layers.size(); ++i) {
        for (int layer = 0; layer < m_up.layers[i]; ++layer) {
            m_blocks.push_back(
                {fmt::format("output_blocks.{}", m_up.at(static_cast<int>(i), layer)), m_up.hasAttention[i]});
        }
    }
}

std::string OriginalNames::original(std::string_view path) const {
    if (const auto down = takeNumber(path, "down_blocks.")) {
        return inDown(*down, path);
    }
    if (const auto up = takeNumber(path, "up_blocks.")) {
        return inUp(*up, path);
    }
    constexpr std::string_view kMid = "mid_block.";
    if (!path.starts_with(kMid)) {
        return lookUp(kOutside, path);
    }
    path.remove_prefix(kMid.size());
    // Its resnets have an attention between any two of them.
    if (const auto resnet = takeNumber(path, "resnets.")) {
        return inResnet(fmt::format("middle_block.{}", 2 * *resnet), path);
    }
    const auto attention = takeNumber(path, "attentions.");
    return attention ? fmt::format("middle_block.{}.{}", 2 * *attention + 1, path) : "";
}

std::string OriginalNames::inDown(int block, std::string_view rest) const {
    if (const auto layer = takeNumber(rest, "resnets.")) {
        return inResnet(fmt::format("input_blocks.{}.0", m_down.at(block, *layer)), rest);
    }
    if (const auto layer = takeNumber(rest, "attentions.")) {
        return fmt::format("input_blocks.{}.1.{}", m_down.at(block, *layer), rest);
    }
    return rest == "downsamplers.0.conv" ? fmt::format("input_blocks.{}.0.op", m_down.at(block + 1, -1)) : "";
}

std::string OriginalNames::inUp(int block, std::string_view rest) const {
    if (const auto layer = takeNumber(rest, "resnets.")) {
        return inResnet(fmt::format("output_blocks.{}.0", m_up.at(block, *layer)), rest);
    }
    if (const auto layer = takeNumber(rest, "attentions.")) {
        return fmt::format("output_blocks.{}.1.{}", m_up.at(block, *layer), rest);
    }
    const auto index = static_cast<std::size_t>(block);
    if (rest != "upsamplers.0.conv") {
        return "";
    }
    return fmt::format("output_blocks.{}.{}.conv", m_up.at(block, m_up.layers[index] - 1),
                       m_up.hasAttention[index] ? 2 : 1);
}

}  // namespace easel::models
