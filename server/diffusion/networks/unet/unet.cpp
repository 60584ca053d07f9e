// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/networks/unet/unet.h"

#include <ATen/ATen.h>

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

at::Tensor UNet::forward(const at::Tensor& sample, const at::Tensor& timesteps,
                         const Conditioning& conditioning, const Residuals& residuals) const {
    // Every resnet applies SiLU to the time embedding first; once is enough.
    const BlockInputs given{at::silu(time_embedding.forward(timesteps, conditioning, sample.scalar_type())),
                            conditioning.context};

    at::Tensor x = conv_in.forward(sample);
    Skips skips{x};
    for (const auto& block : down_blocks) {
        x = block.forward(std::move(x), given, skips);
    }
    if (mid_block) {
        x = mid_block->forward(std::move(x), given);
    }
    residuals.addTo(skips, x);
    for (const auto& block : up_blocks) {
        x = block.forward(std::move(x), given, skips);
    }
    return conv_out.forward(conv_norm_out.forwardSilu(x));
}

}  // namespace easel::diffusion
