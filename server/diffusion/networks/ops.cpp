// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/networks/ops.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "server/kernels/attention.h"
#include "server/kernels/group_norm.h"

namespace easel::diffusion::ops {
namespace {

/// Bytes that the scores of one slice may take.
constexpr std::int64_t kMostScores = std::int64_t{256} << 20;

/// Scaled dot-product attention of q [B, H, S, D] to k and v [B, H, T, D], so many rows of q at a time.
at::Tensor sliced(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, std::int64_t rows) {
    std::vector<at::Tensor> slices;
    for (std::int64_t first = 0; first < q.size(2); first += rows) {
        slices.push_back(at::scaled_dot_product_attention(q.slice(2, first, first + rows), k, v));
    }
    return at::cat(slices, 2);
}

/// How many rows of q may be scored at a time: all where libtorch has a kernel that keeps no scores.
std::int64_t rowsAtATime(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
    constexpr std::int64_t kKeepsThem = 0;  // sdp::SDPBackend::math
    if (at::_fused_sdp_choice(q, k, v) != kKeepsThem) {
        return q.size(2);
    }
    const std::int64_t row =
        q.size(0) * q.size(1) * k.size(2) * static_cast<std::int64_t>(c10::elementSize(q.scalar_type()));
    return std::clamp<std::int64_t>(kMostScores / std::max<std::int64_t>(row, 1), 1, q.size(2));
}

bool hasOwnAttention(const at::Tensor& q, std::int64_t heads) {
    return q.is_cpu() && q.scalar_type() == at::kBFloat16 && kernels::hasBf16() &&
           kernels::AttentionBf16::takes(q.size(2) / heads);
}

template <typename Number>
kernels::Sequences<Number> sequencesOf(const at::Tensor& x, std::int64_t heads) {
    return {static_cast<Number*>(x.data_ptr()), x.stride(0), x.stride(1), x.size(2) / heads};
}

at::Tensor ownAttention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, std::int64_t heads) {
    using kernels::Bf16;
    kernels::AttentionBf16 attention({.rows = q.size(0),
                                      .heads = heads,
                                      .queries = q.size(1),
                                      .keys = k.size(1),
                                      .width = q.size(2) / heads});
    const auto keys = sequencesOf<const Bf16>(k, heads);
    const auto values = sequencesOf<const Bf16>(v, heads);
    at::parallel_for(0, attention.packings(), 1, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i) {
            attention.pack(i, keys, values);
        }
    });
    const at::Tensor out = at::empty_like(q);
    const auto queries = sequencesOf<const Bf16>(q, heads);
    const auto attended = sequencesOf<Bf16>(out, heads);
    at::parallel_for(0, attention.blocks(), 1, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i) {
            attention.run(i, queries, attended);
        }
    });
    return out;
}

bool hasOwnGroupNorm(const at::Tensor& x) {
    return x.is_cpu() && x.scalar_type() == at::kBFloat16 && x.dim() == 4 &&
           x.is_contiguous(at::MemoryFormat::ChannelsLast) && kernels::hasBf16() &&
           kernels::GroupNormBf16::takes(x.size(1));
}

at::Tensor ownGroupNorm(const at::Tensor& x, std::int64_t groups, const at::Tensor& weight,
                        const at::Tensor& bias, double eps, kernels::GroupNormBf16::After after) {
    using kernels::Bf16;
    kernels::GroupNormBf16 norm(
        {.rows = x.size(0), .places = x.size(2) * x.size(3), .channels = x.size(1), .groups = groups}, eps);
    const auto* const numbers = static_cast<const Bf16*>(x.const_data_ptr());
    at::parallel_for(0, norm.parts(), 1, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i) {
            norm.sum(i, numbers);
        }
    });
    const at::Tensor scales = weight.to(at::kFloat).contiguous();
    const at::Tensor shifts = bias.to(at::kFloat).contiguous();
    const auto count = static_cast<std::size_t>(x.size(1));
    norm.settle(numbers, {scales.const_data_ptr<float>(), count}, {shifts.const_data_ptr<float>(), count});
    at::Tensor out = at::empty_like(x);
    auto* const made = static_cast<Bf16*>(out.data_ptr());
    at::parallel_for(0, norm.parts(), 1, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i) {
            norm.run(i, numbers, made, after);
        }
    });
    return out;
}

}  // namespace

at::Tensor groupNormSilu(const at::Tensor& x, std::int64_t groups, const at::Tensor& weight,
                         const at::Tensor& bias, double eps) {
    if (hasOwnGroupNorm(x)) {
        return ownGroupNorm(x, groups, weight, bias, eps, kernels::GroupNormBf16::After::Silu);
    }
    at::Tensor h = at::group_norm(x, groups, weight, bias, eps);
    return at::silu_(h);
}

at::Tensor groupNorm(const at::Tensor& x, std::int64_t groups, const at::Tensor& weight,
                     const at::Tensor& bias, double eps) {
    return hasOwnGroupNorm(x)
               ? ownGroupNorm(x, groups, weight, bias, eps, kernels::GroupNormBf16::After::Nothing)
               : at::group_norm(x, groups, weight, bias, eps);
}

at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, std::int64_t heads,
                     bool causal) {
    if (!causal && hasOwnAttention(q, heads)) {
        return ownAttention(q.contiguous(), k.contiguous(), v.contiguous(), heads);
    }
    const auto split = [heads](const at::Tensor& x) {
        return x.view({x.size(0), x.size(1), heads, x.size(2) / heads}).transpose(1, 2);
    };
    const at::Tensor queries = split(q);
    const at::Tensor keys = split(k);
    const at::Tensor values = split(v);
    const std::int64_t rows = causal ? q.size(1) : rowsAtATime(queries, keys, values);
    const at::Tensor attended =
        rows < q.size(1) ? sliced(queries, keys, values, rows)
                         : at::scaled_dot_product_attention(queries, keys, values, {}, 0.0, causal);
    return attended.transpose(1, 2).reshape(q.sizes());
}

at::Tensor geglu(const at::Tensor& x) {
    const auto halves = x.chunk(2, -1);
    return at::gelu(halves[1]).mul_(halves[0]);
}

at::Tensor quickGelu(const at::Tensor& x) {
    return at::sigmoid(x * 1.702).mul_(x);
}

at::Tensor sinusoids(const at::Tensor& timesteps, std::int64_t half, double freqShift, bool cosinesFirst) {
    const at::Tensor frequencies = at::exp(at::arange(half, timesteps.options())
                                               .mul(-std::log(10000.0))
                                               .div(static_cast<double>(half) - freqShift));
    const at::Tensor angles = timesteps.unsqueeze(1) * frequencies;
    return cosinesFirst ? at::cat({at::cos(angles), at::sin(angles)}, 1)
                        : at::cat({at::sin(angles), at::cos(angles)}, 1);
}

at::Tensor guide(const at::Tensor& start, const at::Tensor& from, const at::Tensor& to, double scale) {
    return start + scale * (to - from);
}

at::Tensor toSequence(const at::Tensor& x) {
    return x.permute({0, 2, 3, 1}).reshape({x.size(0), x.size(2) * x.size(3), x.size(1)});
}

at::Tensor toMap(const at::Tensor& x, const at::Tensor& like) {
    return x.view({x.size(0), like.size(2), like.size(3), x.size(2)})
        .permute({0, 3, 1, 2})
        .contiguous(like.suggest_memory_format());
}

}  // namespace easel::diffusion::ops
