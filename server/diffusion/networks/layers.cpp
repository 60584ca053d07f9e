// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/networks/layers.h"

#include <ATen/ATen.h>

#include <utility>

#include "server/diffusion/gpu/kernels.h"
#include "server/diffusion/networks/ops.h"
#include "server/diffusion/weights/packed.h"

namespace easel::diffusion {

Linear::Linear(const Weights& in, std::int64_t inputs, std::int64_t outputs, Bias wanted) {
    auto [own, factors] = in.layerWeight({outputs, inputs});
    weight = std::move(own);
    beside = std::move(factors);
    if (wanted == Bias::With) {
        bias = in.tensor("bias", {outputs});
    }
}

at::Tensor Linear::forward(const at::Tensor& x) const {
    at::Tensor y = weight.is_mkldnn() ? packed::linear(x, weight, bias) : at::linear(x, weight, bias);
    return beside ? y.add_(at::linear(at::linear(x, beside.down), beside.up)) : y;
}

at::Tensor Linear::forwardAdd(const at::Tensor& x, const at::Tensor& added) const {
    return weight.is_mkldnn() && !beside ? packed::linear(x, weight, bias, added) : forward(x).add_(added);
}

at::Tensor convolved(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                     std::int64_t stride, std::int64_t padding) {
    return weight.is_mkldnn() ? packed::convolution(x, weight, bias, stride, padding)
                              : at::conv2d(x, weight, bias, stride, padding);
}

Conv2d::Conv2d(const Weights& in, std::int64_t inputs, std::int64_t outputs, std::int64_t kernel,
               std::int64_t stepSize, Linear::Bias wanted)
    : stride(stepSize) {
    auto [own, factors] = in.layerWeight({outputs, inputs, kernel, kernel}, stride);
    weight = std::move(own);
    beside = std::move(factors);
    if (wanted == Linear::Bias::With) {
        bias = in.tensor("bias", {outputs});
    }
}

at::Tensor Conv2d::forward(const at::Tensor& x) const {
    return forward(x, weight.size(2) / 2);
}

at::Tensor Conv2d::forward(const at::Tensor& x, std::int64_t padding) const {
    at::Tensor y = convolved(x, weight, bias, stride, padding);
    return beside ? y.add_(at::conv2d(at::conv2d(x, beside.down, {}, stride, padding), beside.up)) : y;
}

at::Tensor Conv2d::forwardAdd(const at::Tensor& x, const at::Tensor& added) const {
    if (const auto* const own = gpu::trusted(gpu::Op::Sum, x); own != nullptr && !beside) {
        // The bias in the same pass over the map.
        const at::Tensor y = convolved(x, weight, {}, stride, weight.size(2) / 2);
        at::Tensor sum = own->sum(y, bias, added);
        return sum.defined() ? sum : (bias.defined() ? y.add_(bias.view({-1, 1, 1})) : y).add_(added);
    }
    return weight.is_mkldnn() && !beside
               ? packed::convolution(x, weight, bias, stride, weight.size(2) / 2, added)
               : forward(x).add_(added);
}

GroupNorm::GroupNorm(const Weights& in, std::int64_t groupCount, std::int64_t channels, double epsilon)
    : weight(in.tensor("weight", {channels})),
      bias(in.tensor("bias", {channels})),
      groups(groupCount),
      eps(epsilon) {}

at::Tensor GroupNorm::forward(const at::Tensor& x) const {
    return ops::groupNorm(x, groups, weight, bias, eps);
}

at::Tensor GroupNorm::forwardSilu(const at::Tensor& x, const at::Tensor& added) const {
    return ops::groupNormSilu(x, groups, weight, bias, eps, added);
}

LayerNorm::LayerNorm(const Weights& in, std::int64_t width, double epsilon)
    : weight(in.tensor("weight", {width})), bias(in.tensor("bias", {width})), eps(epsilon) {}

at::Tensor LayerNorm::forward(const at::Tensor& x) const {
    return ops::layerNorm(x, weight, bias, eps);
}

}  // namespace easel::diffusion
