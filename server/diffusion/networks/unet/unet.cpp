// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/networks/unet/unet.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <utility>

namespace easel::diffusion {

UNet::UNet(const Weights& in, const models::UNetConfig& config)
    : conv_in(in / "conv_in", config.inChannels, config.timeChannels(), 3),
      time_embedding(in, config),
      down_blocks(downBlocks(in, config)),
      conv_norm_out(in / "conv_norm_out", config.normGroups, config.up.back().channels, config.normEps),
      conv_out(in / "conv_out", config.up.back().channels, config.outChannels, 3) {
    if (config.mid) {
        mid_block.emplace(in / "mid_block", blockShape(*config.mid, config));
    } else {
        in.passOver("mid_block.");  // of the model that this one was cut out of
    }
    for (const char* const counters : {"num_updates", "decay", "model_ema."}) {
        in.passOver(counters);  // of the weights' running average
    }
    const auto hasAttention = [](const models::UNetBlock& block) { return block.attention; };
    m_mergeable =
        static_cast<std::size_t>(std::ranges::find_if(config.down, hasAttention) - config.down.begin());
    std::int64_t inputs = config.down.back().channels;
    for (std::size_t i = 0; i < config.up.size(); ++i) {
        // The last skip of an up block was left by the block above its mirror image, or by conv_in.
        const std::size_t mirror = config.down.size() - 1 - i;
        up_blocks.emplace_back(in / "up_blocks" / i, inputs,
                               config.down[mirror == 0 ? 0 : mirror - 1].channels,
                               blockShape(config.up[i], config), i + 1 < config.up.size());
        inputs = config.up[i].channels;
    }
}

BlockInputs UNet::inputsAt(std::size_t level, BlockInputs given) const {
    given.merging = level == m_mergeable ? given.merging : 0;
    return given;
}

at::Tensor UNet::features(at::Tensor x, const BlockInputs& given, const Residuals& residuals,
                          Skips& skips) const {
    for (std::size_t i = 0; i < down_blocks.size(); ++i) {
        x = down_blocks[i].forward(std::move(x), inputsAt(i, given), skips);
    }
    if (mid_block) {
        x = mid_block->forward(std::move(x), given);
    }
    residuals.addTo(skips, x);
    for (std::size_t level = up_blocks.size() - 1; level > 0; --level) {
        x = up_blocks[up_blocks.size() - 1 - level].forward(std::move(x), inputsAt(level, given), skips);
    }
    return up_blocks.back().through(std::move(x), inputsAt(0, given), skips, 0,
                                    up_blocks.back().resnets.size() - 1);
}

at::Tensor UNet::forward(const at::Tensor& sample, const at::Tensor& timesteps,
                         const Conditioning& conditioning, const Residuals& residuals,
                         const Shortcuts& shortcuts) const {
    // Every resnet applies SiLU to the time embedding first; once is enough.
    const BlockInputs given{at::silu(time_embedding.forward(timesteps, conditioning, sample.scalar_type())),
                            conditioning.context, shortcuts.tokenMerging};

    at::Tensor x = conv_in.forward(sample);
    Skips skips{x};
    if (shortcuts.features.defined()) {
        if (!residuals.skips.empty()) {
            skips.front() = skips.front() + residuals.skips.front();
        }
        x = shortcuts.features;
    } else {
        x = features(std::move(x), given, residuals, skips);
        if (shortcuts.leave != nullptr) {
            *shortcuts.leave = x;
        }
    }
    const UpBlock& outermost = up_blocks.back();
    const std::size_t layers = outermost.resnets.size();
    x = outermost.through(std::move(x), inputsAt(0, given), skips, layers - 1, layers);
    return conv_out.forward(conv_norm_out.forwardSilu(x));
}

}  // namespace easel::diffusion
