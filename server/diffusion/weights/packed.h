// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

/// Weights in the order in which oneDNN computes with them on the CPU. Of others it makes copies in that
/// order whenever they are used, which takes up to half of a convolution's time.
namespace easel::diffusion::packed {

/// Whether there is another order for layers of `weight` here.
bool isWorthIt(const at::Tensor& weight);

/// A layer's `weight`, [outputs, inputs] or [outputs, inputs, kernel, kernel], brought into the best order
/// for steps of `stride`: packed, where is_mkldnn() then says so, or else with the channels last. One that is
/// packed as it is.
at::Tensor packed(const at::Tensor& weight, std::int64_t stride);
/// That where isWorthIt(), or else `weight` as it is.
at::Tensor packedIfWorthIt(const at::Tensor& weight, std::int64_t stride);
/// The same numbers as a plain tensor; one that is not packed as it is.
at::Tensor plain(const at::Tensor& weight);

/// As at::linear and at::conv2d, of packed weights, to which `added`, of the result's shape, is added where
/// it is given; `bias` may be undefined.
at::Tensor linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                  const at::Tensor& added = {});
at::Tensor convolution(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                       std::int64_t stride, std::int64_t padding, const at::Tensor& added = {});

}  // namespace easel::diffusion::packed
