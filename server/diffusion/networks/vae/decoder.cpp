// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/networks/vae/decoder.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <utility>

namespace easel::diffusion {

VaeUpBlock::VaeUpBlock(const Weights& in, std::int64_t inputs, std::int64_t outputs,
                       const models::VaeConfig& config, bool withUpsampler) {
    for (std::int64_t i = 0; i <= config.layersPerBlock; ++i) {
        resnets.push_back(vaeResnet(in / "resnets" / i, i == 0 ? inputs : outputs, outputs, config));
    }
    if (withUpsampler) {
        upsampler.emplace(in / "upsamplers.0.conv", outputs);
    }
}

at::Tensor VaeUpBlock::forward(at::Tensor x) const {
    for (const auto& block : resnets) {
        x = block.forward(x);
    }
    if (upsampler) {
        x = upsampler->forward(x);
    }
    return x;
}

VaeDecoder::VaeDecoder(const Weights& in, const models::VaeConfig& config)
    : conv_in(in / "decoder.conv_in", config.latentChannels, config.blockOutChannels.back(), 3),
      mid_block(in / "decoder.mid_block", config.blockOutChannels.back(), config),
      conv_norm_out(in / "decoder.conv_norm_out", config.normGroups, config.blockOutChannels.front(),
                    kVaeNormEps),
      conv_out(in / "decoder.conv_out", config.blockOutChannels.front(), kColorChannels, 3) {
    if (config.postQuantConv) {
        post_quant_conv.emplace(in / "post_quant_conv", config.latentChannels, config.latentChannels, 1);
    } else {
        in.passOver("post_quant_conv.");
    }
    for (const char* const leftover : {"loss.", "model_ema."}) {
        in.passOver(leftover);  // of training
    }
    auto widths = config.blockOutChannels;
    std::reverse(widths.begin(), widths.end());
    std::int64_t inputs = widths.front();
    for (std::size_t i = 0; i < widths.size(); ++i) {
        up_blocks.emplace_back(in / "decoder.up_blocks" / i, inputs, widths[i], config,
                               i + 1 < widths.size());
        inputs = widths[i];
    }
}

at::Tensor VaeDecoder::forward(const at::Tensor& latents) const {
    at::Tensor x = conv_in.forward(post_quant_conv ? post_quant_conv->forward(latents) : latents);
    x = mid_block.forward(std::move(x));
    for (const auto& block : up_blocks) {
        x = block.forward(std::move(x));
    }
    return conv_out.forward(conv_norm_out.forwardSilu(x));
}

}  // namespace easel::diffusion
