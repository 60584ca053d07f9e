// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/networks/controlnet/controlnet.h"

#include <ATen/ATen.h>

#include <string>
#include <utility>

#include "server/diffusion/failure.h"
#include "server/diffusion/networks/vae/blocks.h"
#include "server/models/files/model_problem.h"

namespace easel::diffusion {
namespace {

constexpr std::string_view kHint = "controlnet_cond_embedding.";
constexpr std::size_t kMostWidths = 8;

/// Channels that the convolution `name` puts out; 0 where there is none.
std::int64_t outputsOf(const models::TensorSource& source, const std::string& name) {
    const auto* const entry = source.find(std::string(kHint) + name + ".weight");
    return entry != nullptr && entry->shape.size() == 4 ? entry->shape.front() : 0;
}

}  // namespace

ControlNetShape controlNetShape(const models::TensorSource& source, const models::UNetConfig& unet) {
    ControlNetShape shape{unet, {outputsOf(source, "conv_in")}};
    shape.unet.guidanceWidth = 0;  // that its model was taught the guidance scale is none of its business
    // The second of two layers is half the size and has the next width.
    for (std::size_t i = 1; shape.hintChannels.size() < kMostWidths; i += 2) {
        const std::int64_t outputs = outputsOf(source, "blocks." + std::to_string(i));
        if (outputs == 0) {
            break;
        }
        shape.hintChannels.push_back(outputs);
    }
    if (shape.hintChannels.front() == 0) {
        throw Failure(models::modelProblem(
            source.files().front().path,
            "This is no ControlNet that Easel can use: the layers that read its picture are missing."));
    }
    return shape;
}

HintEncoder::HintEncoder(const Weights& in, const std::vector<std::int64_t>& channels, std::int64_t outputs)
    : conv_in(in / "conv_in", kColorChannels, channels.front(), 3),
      conv_out(in / "conv_out", channels.back(), outputs, 3) {
    for (std::size_t i = 0; i + 1 < channels.size(); ++i) {
        blocks.emplace_back(in / "blocks" / (2 * i), channels[i], channels[i], 3);
        blocks.emplace_back(in / "blocks" / (2 * i + 1), channels[i], channels[i + 1], 3, 2);
    }
}

at::Tensor HintEncoder::forward(const at::Tensor& pixels) const {
    at::Tensor x = at::silu(conv_in.forward(pixels));
    for (const Conv2d& block : blocks) {
        x = at::silu(block.forward(x));
    }
    return conv_out.forward(x);
}

ControlNet::ControlNet(const Weights& in, const ControlNetShape& shape)
    : conv_in(in / "conv_in", shape.unet.outChannels, shape.unet.timeChannels(), 3),
      time_embedding(in, shape.unet),
      controlnet_cond_embedding(in / "controlnet_cond_embedding", shape.hintChannels,
                                shape.unet.timeChannels()),
      down_blocks(downBlocks(in, shape.unet)) {
    const models::UNetConfig& config = shape.unet;
    std::vector<std::int64_t> left{config.timeChannels()};  // channels of each skip
    for (std::size_t i = 0; i < config.down.size(); ++i) {
        const bool isHalved = i + 1 < config.down.size();
        left.insert(left.end(), static_cast<std::size_t>(config.down[i].layers) + (isHalved ? 1 : 0),
                    config.down[i].channels);
    }
    for (std::size_t i = 0; i < left.size(); ++i) {
        controlnet_down_blocks.emplace_back(in / "controlnet_down_blocks" / i, left[i], left[i], 1);
    }
    if (config.mid) {
        mid_block.emplace(in / "mid_block", blockShape(*config.mid, config));
        controlnet_mid_block.emplace(in / "controlnet_mid_block", config.mid->channels, config.mid->channels,
                                     1);
    }
}

Residuals ControlNet::forward(const at::Tensor& sample, const at::Tensor& timesteps,
                              const Conditioning& conditioning, const at::Tensor& hints) const {
    const BlockInputs given{at::silu(time_embedding.forward(timesteps, conditioning, sample.scalar_type())),
                            conditioning.context};
    at::Tensor x = conv_in.forward(sample) + hints;
    Residuals residuals{{x}, {}};
    for (const DownBlock& block : down_blocks) {
        x = block.forward(std::move(x), given, residuals.skips);
    }
    for (std::size_t i = 0; i < residuals.skips.size(); ++i) {
        residuals.skips[i] = controlnet_down_blocks[i].forward(residuals.skips[i]);
    }
    if (mid_block) {
        residuals.mid = controlnet_mid_block->forward(mid_block->forward(std::move(x), given));
    }
    return residuals;
}

Residuals ControlNet::firstSkip(const at::Tensor& sample, const at::Tensor& hints) const {
    return {{controlnet_down_blocks.front().forward(conv_in.forward(sample) + hints)}, {}};
}

}  // namespace easel::diffusion
