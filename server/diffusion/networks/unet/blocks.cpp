// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/networks/unet/blocks.h"

#include <ATen/ATen.h>

namespace easel::diffusion {
namespace {

ResnetBlock::Shape resnetShape(std::int64_t inputs, const UNetBlockShape& shape) {
    return {inputs, shape.outputs, shape.groups, shape.eps, shape.timeWidth};
}

}  // namespace

UNetBlockShape blockShape(const models::UNetBlock& block, const models::UNetConfig& config) {
    UNetBlockShape shape{block.channels,    block.layers,   config.timeEmbedDim(),
                         config.normGroups, config.normEps, {}};
    if (block.attention) {
        shape.attention = {block.channels,         config.crossAttentionDim, block.heads,
                           block.transformerDepth, config.normGroups,        config.linearProjection};
    }
    return shape;
}

DownBlock::DownBlock(const Weights& in, std::int64_t inputs, const UNetBlockShape& shape,
                     bool withDownsampler) {
    for (std::int64_t i = 0; i < shape.layers; ++i) {
        resnets.emplace_back(in / "resnets" / i, resnetShape(i == 0 ? inputs : shape.outputs, shape));
        if (shape.attention) {
            attentions.emplace_back(in / "attentions" / i, *shape.attention);
        }
    }
    if (withDownsampler) {
        downsampler.emplace(in / "downsamplers.0.conv", shape.outputs, shape.outputs, 3, 2);
    }
}

at::Tensor DownBlock::forward(at::Tensor x, const BlockInputs& given, Skips& skips) const {
    for (std::size_t i = 0; i < resnets.size(); ++i) {
        x = resnets[i].forward(x, given.time);
        if (!attentions.empty()) {
            x = attentions[i].forward(x, given.context, given.merging);
        }
        skips.push_back(x);
    }
    if (downsampler) {
        x = downsampler->forward(x);
        skips.push_back(x);
    }
    return x;
}

std::vector<DownBlock> downBlocks(const Weights& in, const models::UNetConfig& config) {
    std::vector<DownBlock> blocks;
    std::int64_t inputs = config.timeChannels();
    for (std::size_t i = 0; i < config.down.size(); ++i) {
        blocks.emplace_back(in / "down_blocks" / i, inputs, blockShape(config.down[i], config),
                            i + 1 < config.down.size());
        inputs = config.down[i].channels;
    }
    return blocks;
}

MidBlock::MidBlock(const Weights& in, const UNetBlockShape& shape) {
    resnets.emplace_back(in / "resnets" / 0, resnetShape(shape.outputs, shape));
    for (std::int64_t i = 0; i < shape.layers; ++i) {
        attentions.emplace_back(in / "attentions" / i, *shape.attention);
        resnets.emplace_back(in / "resnets" / (i + 1), resnetShape(shape.outputs, shape));
    }
}

at::Tensor MidBlock::forward(at::Tensor x, const BlockInputs& given) const {
    x = resnets[0].forward(x, given.time);
    for (std::size_t i = 0; i < attentions.size(); ++i) {
        x = attentions[i].forward(x, given.context);
        x = resnets[i + 1].forward(x, given.time);
    }
    return x;
}

UpBlock::UpBlock(const Weights& in, std::int64_t below, std::int64_t lastSkip, const UNetBlockShape& shape,
                 bool withUpsampler) {
    for (std::int64_t i = 0; i < shape.layers; ++i) {
        const std::int64_t carried = i == 0 ? below : shape.outputs;
        const std::int64_t skipped = i + 1 == shape.layers ? lastSkip : shape.outputs;
        resnets.emplace_back(in / "resnets" / i, resnetShape(carried + skipped, shape));
        if (shape.attention) {
            attentions.emplace_back(in / "attentions" / i, *shape.attention);
        }
    }
    if (withUpsampler) {
        upsampler.emplace(in / "upsamplers.0.conv", shape.outputs);
    }
}

at::Tensor UpBlock::through(at::Tensor x, const BlockInputs& given, Skips& skips, std::size_t first,
                            std::size_t last) const {
    for (std::size_t i = first; i < last; ++i) {
        x = at::cat({x, skips.back()}, 1);
        skips.pop_back();
        x = resnets[i].forward(x, given.time);
        if (!attentions.empty()) {
            x = attentions[i].forward(x, given.context, given.merging);
        }
    }
    return x;
}

at::Tensor UpBlock::forward(at::Tensor x, const BlockInputs& given, Skips& skips) const {
    x = through(std::move(x), given, skips, 0, resnets.size());
    if (upsampler) {
        // Not always twice the size: an odd side was rounded up on the way down.
        x = upsampler->forward(x, skips.back().size(2), skips.back().size(3));
    }
    return x;
}

}  // namespace easel::diffusion
