// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/networks/vae/tiny_decoder.h"

#include <ATen/ATen.h>

#include <numeric>
#include <string>

#include "server/diffusion/failure.h"
#include "server/diffusion/networks/resnet.h"
#include "server/diffusion/networks/vae/blocks.h"
#include "server/models/files/model_problem.h"

namespace easel::diffusion {
namespace {

constexpr const char* kLayers = "decoder.layers";
constexpr int kFirstBlock = 2;  // after a convolution and its ReLU
constexpr std::size_t kMostStages = 6;

/// After the blocks of each stage but the last, one layer makes it larger and one more is a convolution.
int lastLayer(const TinyDecoderShape& shape) {
    return std::accumulate(shape.blocks.begin(), shape.blocks.end(), kFirstBlock) +
           2 * (static_cast<int>(shape.blocks.size()) - 1);
}

}  // namespace

TinyDecoderShape tinyDecoderShape(const models::TensorSource& source, std::int64_t latentChannels) {
    const auto find = [&source](int layer, const char* what) {
        return source.find(std::string(kLayers) + "." + std::to_string(layer) + what);
    };
    const auto* const first = find(0, ".weight");
    TinyDecoderShape shape{latentChannels, first != nullptr ? first->shape.front() : 0, {0}};
    int layer = kFirstBlock;
    while (find(layer, ".weight") == nullptr) {
        if (find(layer, ".conv.0.weight") != nullptr) {
            ++shape.blocks.back();
            ++layer;
        } else if (find(layer + 1, ".weight") != nullptr && shape.blocks.size() < kMostStages) {
            shape.blocks.push_back(0);
            layer += 2;
        } else {
            throw Failure(models::modelProblem(
                source.files().front().path,
                "This is no tiny autoencoder that Easel can use: it is not built as TAESD is."));
        }
    }
    return shape;
}

TinyBlock::TinyBlock(const Weights& in, std::int64_t width)
    : conv_0(in / "conv.0", width, width, 3),
      conv_2(in / "conv.2", width, width, 3),
      conv_4(in / "conv.4", width, width, 3) {}

at::Tensor TinyBlock::forward(const at::Tensor& x) const {
    const at::Tensor h = conv_2.forward(conv_0.forward(x).relu_()).relu_();
    return conv_4.forward(h).add_(x).relu_();
}

TinyDecoder::TinyDecoder(const Weights& in, const TinyDecoderShape& shape)
    : conv_in(in / kLayers / 0, shape.latentChannels, shape.width, 3),
      conv_out(in / kLayers / lastLayer(shape), shape.width, kColorChannels, 3) {
    int layer = kFirstBlock;
    for (std::size_t stage = 0; stage < shape.blocks.size(); ++stage) {
        if (stage > 0) {
            upsamplers.emplace_back(in / kLayers / (layer + 1), shape.width, Linear::Bias::Without);
            layer += 2;
        }
        auto& blocks = stages.emplace_back();
        for (int block = 0; block < shape.blocks[stage]; ++block) {
            blocks.emplace_back(in / kLayers / layer++, shape.width);
        }
    }
}

at::Tensor TinyDecoder::forward(const at::Tensor& latents) const {
    at::Tensor x = conv_in.forward(at::tanh(latents / 3) * 3).relu_();
    for (std::size_t stage = 0; stage < stages.size(); ++stage) {
        if (stage > 0) {
            x = upsamplers[stage - 1].forward(x);
        }
        for (const TinyBlock& block : stages[stage]) {
            x = block.forward(x);
        }
    }
    return conv_out.forward(x) * 2 - 1;
}

}  // namespace easel::diffusion
