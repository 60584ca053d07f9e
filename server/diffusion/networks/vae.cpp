// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/networks/vae.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace easel::diffusion {
namespace {

// AutoencoderKL fixes this one; its config does not name it.
constexpr double kNormEps = 1e-6;
constexpr std::int64_t kColours = 3;

ResnetBlock resnet(const Weights& in, std::int64_t inputs, std::int64_t outputs,
                   const models::VaeConfig& config) {
    return ResnetBlock(in, {inputs, outputs, config.normGroups, kNormEps});
}

/// The projection called `name`, or `oldName` in files older than its renaming.
Linear projection(const Weights& in, const std::string& name, const std::string& oldName,
                  std::int64_t channels) {
    return Linear(in / (in.has(oldName + ".weight") ? oldName : name), channels, channels);
}

/// Walks through the encoder's tensors, so that a file is checked whole; nothing is kept.
void checkEncoder(const Weights& all, const models::VaeConfig& config) {
    const Weights in = (all / "encoder").checkOnly();
    const auto& widths = config.blockOutChannels;
    static_cast<void>(Conv2d(in / "conv_in", kColours, widths.front(), 3));
    std::int64_t inputs = widths.front();
    for (std::size_t i = 0; i < widths.size(); ++i) {
        const Weights block = in / "down_blocks" / i;
        for (std::int64_t j = 0; j < config.layersPerBlock; ++j) {
            resnet(block / "resnets" / j, inputs, widths[i], config);
            inputs = widths[i];
        }
        if (i + 1 < widths.size()) {
            static_cast<void>(Conv2d(block / "downsamplers.0.conv", inputs, inputs, 3, 2));
        }
    }
    static_cast<void>(VaeMidBlock(in / "mid_block", inputs, config));
    static_cast<void>(GroupNorm(in / "conv_norm_out", config.normGroups, inputs, kNormEps));
    const std::int64_t moments = 2L * config.latentChannels;  // mean and log variance
    static_cast<void>(Conv2d(in / "conv_out", inputs, moments, 3));
    if (config.quantConv) {
        static_cast<void>(Conv2d(all.checkOnly() / "quant_conv", moments, moments, 1));
    } else {
        all.passOver("quant_conv.");
    }
}

}  // namespace

VaeAttention::VaeAttention(const Weights& in, std::int64_t channels, std::int64_t groups)
    : group_norm(in / "group_norm", groups, channels, kNormEps),
      to_q(projection(in, "to_q", "query", channels)),
      to_k(projection(in, "to_k", "key", channels)),
      to_v(projection(in, "to_v", "value", channels)),
      to_out_0(projection(in, "to_out.0", "proj_attn", channels)) {}

at::Tensor VaeAttention::forward(const at::Tensor& x) const {
    const at::Tensor h = group_norm.forward(x.flatten(2)).transpose(1, 2);  // [B, HW, C]
    return to_out_0.forward(attend(to_q.forward(h), to_k.forward(h), to_v.forward(h), 1))
        .transpose(1, 2)
        .reshape(x.sizes())
        .add_(x);
}

VaeMidBlock::VaeMidBlock(const Weights& in, std::int64_t channels, const models::VaeConfig& config)
    : resnets_0(resnet(in / "resnets.0", channels, channels, config)),
      resnets_1(resnet(in / "resnets.1", channels, channels, config)) {
    if (config.midAttention) {
        attentions_0.emplace(in / "attentions.0", channels, config.normGroups);
    }
}

at::Tensor VaeMidBlock::forward(at::Tensor x) const {
    x = resnets_0.forward(x);
    if (attentions_0) {
        x = attentions_0->forward(x);
    }
    return resnets_1.forward(x);
}

VaeUpBlock::VaeUpBlock(const Weights& in, std::int64_t inputs, std::int64_t outputs,
                       const models::VaeConfig& config, bool withUpsampler) {
    for (std::int64_t i = 0; i <= config.layersPerBlock; ++i) {
        resnets.push_back(resnet(in / "resnets" / i, i == 0 ? inputs : outputs, outputs, config));
    }
    if (withUpsampler) {
        upsampler.emplace(in / "upsamplers.0.conv", outputs, outputs, 3);
    }
}

at::Tensor VaeUpBlock::forward(at::Tensor x) const {
    for (const auto& block : resnets) {
        x = block.forward(x);
    }
    if (upsampler) {
        x = upsample(x, {2 * x.size(2), 2 * x.size(3)}, *upsampler);
    }
    return x;
}

VaeDecoder::VaeDecoder(const Weights& in, const models::VaeConfig& config)
    : conv_in(in / "decoder.conv_in", config.latentChannels, config.blockOutChannels.back(), 3),
      mid_block(in / "decoder.mid_block", config.blockOutChannels.back(), config),
      conv_norm_out(in / "decoder.conv_norm_out", config.normGroups, config.blockOutChannels.front(),
                    kNormEps),
      conv_out(in / "decoder.conv_out", config.blockOutChannels.front(), kColours, 3) {
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
    checkEncoder(in, config);
}

at::Tensor VaeDecoder::forward(const at::Tensor& latents) const {
    at::Tensor x = conv_in.forward(post_quant_conv ? post_quant_conv->forward(latents) : latents);
    x = mid_block.forward(std::move(x));
    for (const auto& block : up_blocks) {
        x = block.forward(std::move(x));
    }
    x = conv_norm_out.forward(x);
    return conv_out.forward(at::silu_(x));
}

}  // namespace easel::diffusion
