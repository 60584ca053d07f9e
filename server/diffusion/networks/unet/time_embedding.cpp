// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/networks/unet/time_embedding.h"

#include <ATen/ATen.h>

#include "server/diffusion/failure.h"
#include "server/diffusion/networks/ops.h"

namespace easel::diffusion {

TimeEmbedding::TimeEmbedding(const Weights& in, const models::UNetConfig& of)
    : time_embedding_linear_1(in / "time_embedding.linear_1", of.timeChannels(), of.timeEmbedDim()),
      time_embedding_linear_2(in / "time_embedding.linear_2", of.timeEmbedDim(), of.timeEmbedDim()),
      config(of) {
    if (of.guidanceWidth > 0) {
        time_embedding_cond_proj.emplace(in / "time_embedding.cond_proj", of.guidanceWidth, of.timeChannels(),
                                         Linear::Bias::Without);
    }
    if (of.additionWidth > 0) {
        add_embedding_linear_1.emplace(in / "add_embedding.linear_1", of.additionWidth, of.timeEmbedDim());
        add_embedding_linear_2.emplace(in / "add_embedding.linear_2", of.timeEmbedDim(), of.timeEmbedDim());
    }
}

at::Tensor TimeEmbedding::forward(const at::Tensor& timesteps, const Conditioning& conditioning,
                                  at::ScalarType dtype) const {
    at::Tensor waves =
        ops::sinusoids(timesteps, config.timeChannels() / 2, config.freqShift, config.flipSinToCos).to(dtype);
    if (time_embedding_cond_proj && conditioning.guidance.defined()) {
        // As a scale of 1, which is none, was taught to be 0. https://arxiv.org/abs/2310.04378
        const at::Tensor scale = (conditioning.guidance - 1) * 1000;
        waves = waves + time_embedding_cond_proj->forward(
                            ops::sinusoids(scale, config.guidanceWidth / 2, 1, false).to(dtype));
    }
    const at::Tensor hidden = time_embedding_linear_1.forward(waves);
    const at::Tensor time = time_embedding_linear_2.forward(at::silu(hidden));
    if (!add_embedding_linear_1) {
        return time;
    }
    if (!conditioning.pooled.defined() || !conditioning.extraIds.defined()) {
        throw Failure(protocol::internalError("A UNet of Stable Diffusion XL was not told of any sizes."));
    }
    const at::Tensor ids = ops::sinusoids(conditioning.extraIds.flatten(), config.additionIdWidth / 2,
                                          config.freqShift, config.flipSinToCos)
                               .view({timesteps.size(0), -1});
    const at::Tensor addition =
        add_embedding_linear_1->forward(at::cat({conditioning.pooled.to(dtype), ids.to(dtype)}, 1));
    return time + add_embedding_linear_2->forward(at::silu(addition));
}

}  // namespace easel::diffusion
