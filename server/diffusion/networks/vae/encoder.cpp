// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/networks/vae/encoder.h"

#include <ATen/ATen.h>

#include <utility>

namespace easel::diffusion {

VaeDownBlock::VaeDownBlock(const Weights& in, std::int64_t inputs, std::int64_t outputs,
                           const models::VaeConfig& config, bool withDownsampler) {
    for (std::int64_t i = 0; i < config.layersPerBlock; ++i) {
        resnets.push_back(vaeResnet(in / "resnets" / i, i == 0 ? inputs : outputs, outputs, config));
    }
    if (withDownsampler) {
        downsampler.emplace(in / "downsamplers.0.conv", outputs, outputs, 3, 2);
    }
}

at::Tensor VaeDownBlock::forward(at::Tensor x) const {
    for (const auto& block : resnets) {
        x = block.forward(x);
    }
    if (downsampler) {  // padded below and to the right alone
        x = downsampler->forward(at::constant_pad_nd(x, {0, 1, 0, 1}), 0);
    }
    return x;
}

VaeEncoder::VaeEncoder(const Weights& in, const models::VaeConfig& config)
    : conv_in(in / "encoder.conv_in", kColorChannels, config.blockOutChannels.front(), 3),
      mid_block(in / "encoder.mid_block", config.blockOutChannels.back(), config),
      conv_norm_out(in / "encoder.conv_norm_out", config.normGroups, config.blockOutChannels.back(),
                    kVaeNormEps),
      conv_out(in / "encoder.conv_out", config.blockOutChannels.back(), 2L * config.latentChannels, 3) {
    if (config.quantConv) {
        quant_conv.emplace(in / "quant_conv", 2L * config.latentChannels, 2L * config.latentChannels, 1);
    } else {
        in.passOver("quant_conv.");
    }
    const auto& widths = config.blockOutChannels;
    std::int64_t inputs = widths.front();
    for (std::size_t i = 0; i < widths.size(); ++i) {
        down_blocks.emplace_back(in / "encoder.down_blocks" / i, inputs, widths[i], config,
                                 i + 1 < widths.size());
        inputs = widths[i];
    }
}

at::Tensor VaeEncoder::forward(const at::Tensor& pixels) const {
    at::Tensor x = conv_in.forward(pixels);
    for (const auto& block : down_blocks) {
        x = block.forward(std::move(x));
    }
    x = mid_block.forward(std::move(x));
    x = conv_out.forward(conv_norm_out.forwardSilu(x));
    return quant_conv ? quant_conv->forward(x) : x;
}

}  // namespace easel::diffusion
