// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/networks/ops.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "server/diffusion/gpu/kernels.h"
#include "server/diffusion/networks/cpu_ops.h"

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

}  // namespace

at::Tensor groupNormSilu(const at::Tensor& x, std::int64_t groups, const at::Tensor& weight,
                         const at::Tensor& bias, double eps, const at::Tensor& added) {
    if (cpu::normsGroups(x)) {
        return cpu::groupNorm(x, groups, weight, bias, eps, cpu::After::Silu, added);
    }
    if (const auto* const own = gpu::trusted(gpu::Op::GroupNorm, x)) {
        if (at::Tensor y = own->groupNorm(x, groups, weight, bias, eps, true, added); y.defined()) {
            return y;
        }
    }
    at::Tensor h = added.defined() ? x + added.unsqueeze(-1).unsqueeze(-1) : x;
    h = at::group_norm(h, groups, weight, bias, eps);
    return at::silu_(h);
}

at::Tensor groupNorm(const at::Tensor& x, std::int64_t groups, const at::Tensor& weight,
                     const at::Tensor& bias, double eps) {
    if (cpu::normsGroups(x)) {
        return cpu::groupNorm(x, groups, weight, bias, eps, cpu::After::Nothing, {});
    }
    if (const auto* const own = gpu::trusted(gpu::Op::GroupNorm, x)) {
        if (at::Tensor y = own->groupNorm(x, groups, weight, bias, eps, false); y.defined()) {
            return y;
        }
    }
    return at::group_norm(x, groups, weight, bias, eps);
}

at::Tensor layerNorm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, double eps) {
    if (const auto* const own = gpu::trusted(gpu::Op::LayerNorm, x)) {
        if (at::Tensor y = own->layerNorm(x, weight, bias, eps); y.defined()) {
            return y;
        }
    }
    return at::layer_norm(x, weight.sizes(), weight, bias, eps);
}

at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, std::int64_t heads,
                     bool causal) {
    if (!causal && cpu::attends(q, heads)) {
        return cpu::attention(q.contiguous(), k.contiguous(), v.contiguous(), heads);
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
    if (cpu::geglus(x)) {
        return cpu::geglu(x);
    }
    if (const auto* const own = gpu::trusted(gpu::Op::Geglu, x)) {
        if (at::Tensor y = own->geglu(x); y.defined()) {
            return y;
        }
    }
    const auto halves = x.chunk(2, -1);
    return at::gelu(halves[1]).mul_(halves[0]);
}

void byRows(const at::Tensor& x, std::int64_t width, const std::function<void(const at::Tensor&)>& work) {
    constexpr std::int64_t kCached = std::int64_t{4} << 20;  // bytes, of a thread
    constexpr std::int64_t kMultiple = 64;
    const at::Tensor rows = x.view({-1, x.size(-1)});
    const std::int64_t count = rows.size(0);
    std::int64_t each = count;
    if (x.is_cpu()) {
        const std::int64_t bytes = count * width * static_cast<std::int64_t>(x.element_size());
        const std::int64_t parts = bytes / (kCached * at::get_num_threads()) + 1;
        each = (count + parts * kMultiple - 1) / (parts * kMultiple) * kMultiple;
    }
    for (std::int64_t first = 0; first < count; first += each) {
        work(rows.slice(0, first, first + each));
    }
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
