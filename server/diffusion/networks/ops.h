// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>

// What a device may have a kernel of its own for, each in ATen's form: the networks call these and nothing
// that a kernel would replace.
namespace easel::diffusion::ops {

/// SiLU of the group norm of x [B, C, ...], or of x + `added` [B, C] where that is given.
at::Tensor groupNormSilu(const at::Tensor& x, std::int64_t groups, const at::Tensor& weight,
                         const at::Tensor& bias, double eps, const at::Tensor& added = {});

/// The group norm alone.
at::Tensor groupNorm(const at::Tensor& x, std::int64_t groups, const at::Tensor& weight,
                     const at::Tensor& bias, double eps);

/// Over the last dimension of x [..., C].
at::Tensor layerNorm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, double eps);

/// Scaled dot-product attention over heads that lie side by side in the last dimension:
/// q [B, S, C], k and v [B, T, C] → [B, S, C].
at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, std::int64_t heads,
                     bool causal = false);

/// x [..., 2C], values beside their gates → [..., C]. https://arxiv.org/abs/2002.05202
at::Tensor geglu(const at::Tensor& x);

/// Has `work` done on all rows of x [..., C], contiguous: on the CPU some after others, [rows, C], so that
/// what it makes of them, `width` numbers of each, stays in the cache.
void byRows(const at::Tensor& x, std::int64_t width, const std::function<void(const at::Tensor&)>& work);

/// x · sigmoid(1.702 x), CLIP's own approximation of GELU.
at::Tensor quickGelu(const at::Tensor& x);

/// Timesteps [B] float32 as waves of falling frequency → [B, 2 · half]: cosines first, or sines.
at::Tensor sinusoids(const at::Tensor& timesteps, std::int64_t half, double freqShift, bool cosinesFirst);

/// Classifier-free guidance: from `start` as `from` goes to `to`, and past it; each [B, C, H, W].
/// https://arxiv.org/abs/2207.12598
at::Tensor guide(const at::Tensor& start, const at::Tensor& from, const at::Tensor& to, double scale);

/// [B, C, H, W] → [B, HW, C].
at::Tensor toSequence(const at::Tensor& x);
/// [B, HW, C] → [B, C, H, W], in the size and the order in memory of the map `like`.
at::Tensor toMap(const at::Tensor& x, const at::Tensor& like);

}  // namespace easel::diffusion::ops
