// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

/// What server/kernels computes, on tensors: each for what its question before it is answered with yes.
namespace easel::diffusion::ops::cpu {

/// q [B, S, C] of `heads` heads.
bool attends(const at::Tensor& q, std::int64_t heads);
/// ops::attention() of contiguous tensors.
at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, std::int64_t heads);

enum class After { Nothing, Silu };

bool normsGroups(const at::Tensor& x);
/// Group norm of x [B, C, H, W], or of x + `added` [B, C] where that is given.
at::Tensor groupNorm(const at::Tensor& x, std::int64_t groups, const at::Tensor& weight,
                     const at::Tensor& bias, double eps, After after, const at::Tensor& added);

bool geglus(const at::Tensor& x);
at::Tensor geglu(const at::Tensor& x);

}  // namespace easel::diffusion::ops::cpu
