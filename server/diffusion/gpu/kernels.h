// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <string_view>

#include "server/image/image.h"
#include "server/kernels/cuda/functions.h"

namespace easel::diffusion::gpu {

/// What there is a kernel for.
enum class Op { GroupNorm, LayerNorm, Geglu, Sum, Guide, Pixels, Resize };

inline constexpr Op kOps[] = {Op::GroupNorm, Op::LayerNorm, Op::Geglu, Op::Sum,
                              Op::Guide,     Op::Pixels,    Op::Resize};

std::string_view toString(Op op);

/// A step from one answer past another.
struct Way {
    std::int32_t from;
    std::int32_t to;
    float scale;
};

/// Easel's own kernels on tensors, on the stream that libtorch uses on their device. What a kernel is not for
/// is an undefined tensor; one that cannot be started throws c10::Error. The memory behind the functions'
/// results is libtorch's.
class Kernels {
public:
    explicit Kernels(const kernels::cuda::Functions& functions) : m_functions(&functions) {}

    /// x [B, C, H, W], channels last, plus `added` [B, C] if that is given.
    at::Tensor groupNorm(const at::Tensor& x, std::int64_t groups, const at::Tensor& weight,
                         const at::Tensor& bias, double eps, bool silu, const at::Tensor& added = {}) const;
    /// Over the last dimension of x [..., C].
    at::Tensor layerNorm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                         double eps) const;
    /// x [..., 2C] → [..., C].
    at::Tensor geglu(const at::Tensor& x) const;
    /// x [B, C, H, W], channels last, + bias [C] or [B, C] + residual like x, each of which may be undefined.
    at::Tensor sum(const at::Tensor& x, const at::Tensor& bias, const at::Tensor& residual) const;
    /// answers [branches, C, H, W], contiguous → [1, C, H, W].
    at::Tensor guide(const at::Tensor& answers, std::span<const Way> ways) const;
    /// decoded [1, 3, H, W] → bytes [H, W, 3] on the CPU. Undefined where a number is not finite, too.
    at::Tensor pixels(const at::Tensor& decoded) const;
    /// Bytes [H, W, 3] of the device → those of `size`, by Lanczos.
    at::Tensor resized(const at::Tensor& rgb, image::Size size) const;

private:
    const kernels::cuda::Functions* m_functions;
};

/// Has what draws use the `kernels` for `ops` with numbers of `dtype` on devices of that type, or none where
/// there are none. Before anything is drawn, for the process as a whole.
void trust(const kernels::cuda::Functions* kernels, std::span<const std::pair<Op, c10::ScalarType>> ops,
           c10::DeviceType device = c10::kCUDA);

/// The kernels, if they are trusted with `op` for such numbers there, or else null.
const Kernels* trusted(Op op, c10::Device device, c10::ScalarType dtype);
inline const Kernels* trusted(Op op, const at::Tensor& x) {
    return trusted(op, x.device(), x.scalar_type());
}

}  // namespace easel::diffusion::gpu
