// SPDX-License-Identifier: Apache-2.0
#include "server/models/checkpoints/vae_names.h"

#include <algorithm>

#include <fmt/core.h>

#include "server/models/checkpoints/name_parts.h"

namespace easel::models {

namespace {

constexpr std::string_view kUp = "decoder.up.";
constexpr std::string_view kDown = "encoder.down.";

constexpr Renaming kHalf[] = {
    {"mid.block_1.", "mid_block.resnets.0."},
    {"mid.block_2.", "mid_block.resnets.1."},
    {"mid.attn_1.norm.", "mid_block.attentions.0.group_norm."},
    {"mid.attn_1.q.", "mid_block.attentions.0.to_q."},
    {"mid.attn_1.k.", "mid_block.attentions.0.to_k."},
    {"mid.attn_1.v.", "mid_block.attentions.0.to_v."},
    {"mid.attn_1.proj_out.", "mid_block.attentions.0.to_out.0."},
    {"norm_out.", "conv_norm_out."},
};

/// What of a resnet is called otherwise.
std::string inResnet(std::string_view name) {
    constexpr Renaming kShortcut[] = {{"nin_shortcut.", "conv_shortcut."}};
    return renamed(name, kShortcut).value_or(std::string(name));
}

}  // namespace

VaeNames::VaeNames(std::span<const std::string_view> names) {
    for (std::string_view name : names) {
        if (takeBegin(name, kUp)) {
            m_upBlocks = std::max(m_upBlocks, takeIndex(name).value_or(-1) + 1);
        }
    }
}

std::string VaeNames::translated(std::string_view name) const {
    const std::string whole(name);
    const bool isUp = takeBegin(name, kUp);
    if (isUp || takeBegin(name, kDown)) {
        const auto index = takeIndex(name);
        if (!index) {
            return whole;
        }
        // The original's decoder counts from the picture.
        const std::string block = isUp ? fmt::format("decoder.up_blocks.{}.", m_upBlocks - 1 - *index)
                                       : fmt::format("encoder.down_blocks.{}.", *index);
        if (takeBegin(name, isUp ? "upsample." : "downsample.")) {
            return fmt::format("{}{}.0.{}", block, isUp ? "upsamplers" : "downsamplers", name);
        }
        if (takeBegin(name, "block.")) {
            if (const auto layer = takeIndex(name)) {
                return fmt::format("{}resnets.{}.{}", block, *layer, inResnet(name));
            }
        }
        return whole;
    }
    for (const std::string_view half : {"encoder.", "decoder."}) {
        if (takeBegin(name, half)) {
            const auto inside = renamed(name, kHalf);
            return inside ? std::string(half) + *inside : whole;
        }
    }
    return whole;
}

}  // namespace easel::models
