// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/networks/cpu_ops.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include "server/kernels/attention.h"
#include "server/kernels/geglu.h"
#include "server/kernels/group_norm.h"

namespace easel::diffusion::ops::cpu {
namespace {

using kernels::Bf16;

bool isOurs(const at::Tensor& x) {
    return x.is_cpu() && x.scalar_type() == at::kBFloat16 && kernels::hasBf16();
}

/// Has all threads do the parts of a kernel's work.
template <typename Work>
void each(std::int64_t parts, const Work& work) {
    at::parallel_for(0, parts, 1, [&work](std::int64_t begin, std::int64_t end) {
        for (std::int64_t part = begin; part < end; ++part) {
            work(part);
        }
    });
}

template <typename Number>
kernels::Sequences<Number> sequencesOf(const at::Tensor& x, std::int64_t heads) {
    return {static_cast<Number*>(x.data_ptr()), x.stride(0), x.stride(1), x.size(2) / heads};
}

std::span<const float> numbersOf(const at::Tensor& x) {
    return {x.const_data_ptr<float>(), static_cast<std::size_t>(x.numel())};
}

}  // namespace

bool attends(const at::Tensor& q, std::int64_t heads) {
    return isOurs(q) && kernels::AttentionBf16::takes(q.size(2) / heads);
}

at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, std::int64_t heads) {
    kernels::AttentionBf16 attention({.rows = q.size(0),
                                      .heads = heads,
                                      .queries = q.size(1),
                                      .keys = k.size(1),
                                      .width = q.size(2) / heads});
    const auto keys = sequencesOf<const Bf16>(k, heads);
    const auto values = sequencesOf<const Bf16>(v, heads);
    each(attention.packings(), [&](std::int64_t i) { attention.pack(i, keys, values); });
    at::Tensor out = at::empty_like(q);
    const auto queries = sequencesOf<const Bf16>(q, heads);
    const auto attended = sequencesOf<Bf16>(out, heads);
    each(attention.blocks(), [&](std::int64_t i) { attention.run(i, queries, attended); });
    return out;
}

bool normsGroups(const at::Tensor& x) {
    return isOurs(x) && x.dim() == 4 && x.is_contiguous(at::MemoryFormat::ChannelsLast) &&
           kernels::GroupNormBf16::takes(x.size(1));
}

at::Tensor groupNorm(const at::Tensor& x, std::int64_t groups, const at::Tensor& weight,
                     const at::Tensor& bias, double eps, After after, const at::Tensor& added) {
    using kernels::GroupNormBf16;
    GroupNormBf16 norm(
        {.rows = x.size(0), .places = x.size(2) * x.size(3), .channels = x.size(1), .groups = groups}, eps);
    const auto* const numbers = static_cast<const Bf16*>(x.const_data_ptr());
    each(norm.parts(), [&](std::int64_t i) { norm.sum(i, numbers); });
    const at::Tensor scales = weight.to(at::kFloat).contiguous();
    const at::Tensor shifts = bias.to(at::kFloat).contiguous();
    const at::Tensor before = added.defined() ? added.to(at::kFloat).contiguous() : added;
    norm.settle(numbers, numbersOf(scales), numbersOf(shifts),
                before.defined() ? numbersOf(before) : std::span<const float>());
    at::Tensor out = at::empty_like(x);
    auto* const made = static_cast<Bf16*>(out.data_ptr());
    const auto then = after == After::Silu ? GroupNormBf16::After::Silu : GroupNormBf16::After::Nothing;
    each(norm.parts(), [&](std::int64_t i) { norm.run(i, numbers, made, then); });
    return out;
}

bool geglus(const at::Tensor& x) {
    return isOurs(x) && x.is_contiguous() && kernels::geglusTake(x.size(-1) / 2);
}

at::Tensor geglu(const at::Tensor& x) {
    constexpr std::int64_t kPlaces = 16;  // of a part
    const std::int64_t width = x.size(-1) / 2;
    std::vector<std::int64_t> shape = x.sizes().vec();
    shape.back() = width;
    at::Tensor out = at::empty(shape, x.options());
    const std::int64_t places = out.numel() / width;
    const auto* const from = static_cast<const Bf16*>(x.const_data_ptr());
    auto* const to = static_cast<Bf16*>(out.data_ptr());
    each((places + kPlaces - 1) / kPlaces, [&](std::int64_t part) {
        const std::int64_t first = part * kPlaces;
        kernels::gegluBf16(from + 2 * first * width, std::min(kPlaces, places - first), width,
                           to + first * width);
    });
    return out;
}

}  // namespace easel::diffusion::ops::cpu
