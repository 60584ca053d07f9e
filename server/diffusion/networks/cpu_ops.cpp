// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/networks/cpu_ops.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>

#include "server/kernels/attention.h"
#include "server/kernels/geglu.h"
#include "server/kernels/group_norm.h"
#include "server/kernels/processor.h"

namespace easel::diffusion::ops::cpu {
namespace {

using kernels::Bf16;

bool isOurs(const at::Tensor& x) {
    return x.is_cpu() && x.scalar_type() == at::kBFloat16 && kernels::hasBf16();
}

/// Has all threads do the parts of a kernel's work, of which each reads about so many numbers; one alone does
/// what takes less time than to wait for the others.
template <typename Work>
void each(std::int64_t parts, std::int64_t numbersOfPart, const Work& work) {
    const std::int64_t least =
        std::max<std::int64_t>(at::internal::GRAIN_SIZE / std::max<std::int64_t>(numbersOfPart, 1), 1);
    at::parallel_for(0, parts, least, [&work](std::int64_t begin, std::int64_t end) {
        for (std::int64_t part = begin; part < end; ++part) {
            work(part);
        }
    });
}

template <typename Number>
kernels::Sequences<Number> sequencesOf(const at::Tensor& x, std::int64_t heads) {
    return {static_cast<Number*>(x.data_ptr()), x.stride(0), x.stride(1), x.size(2) / heads};
}

template <typename Number>
at::Tensor attentionOf(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, std::int64_t heads) {
    kernels::Attention<Number> attention({.rows = q.size(0),
                                          .heads = heads,
                                          .queries = q.size(1),
                                          .keys = k.size(1),
                                          .width = q.size(2) / heads});
    const auto keys = sequencesOf<const Number>(k, heads);
    const auto values = sequencesOf<const Number>(v, heads);
    const std::int64_t ofHead = k.size(1) * q.size(2) / heads;
    each(attention.packings(), 2 * ofHead, [&](std::int64_t i) { attention.pack(i, keys, values); });
    at::Tensor out = at::empty_like(q);
    const auto queries = sequencesOf<const Number>(q, heads);
    const auto attended = sequencesOf<Number>(out, heads);
    each(attention.blocks(), 4 * ofHead, [&](std::int64_t i) { attention.run(i, queries, attended); });
    return out;
}

std::span<const float> numbersOf(const at::Tensor& x) {
    return {x.const_data_ptr<float>(), static_cast<std::size_t>(x.numel())};
}

}  // namespace

bool attends(const at::Tensor& q, std::int64_t heads) {
    const auto can = [&]<typename Number>() {
        return kernels::attentionForm<Number>() != nullptr &&
               kernels::Attention<Number>::takes(q.size(2) / heads);
    };
    return q.is_cpu() && ((q.scalar_type() == at::kBFloat16 && can.operator()<Bf16>()) ||
                          (q.scalar_type() == at::kFloat && can.operator()<float>()));
}

at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, std::int64_t heads) {
    return q.scalar_type() == at::kFloat ? attentionOf<float>(q, k, v, heads)
                                         : attentionOf<Bf16>(q, k, v, heads);
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
    const std::int64_t ofPart = x.numel() / norm.parts();
    each(norm.parts(), ofPart, [&](std::int64_t i) { norm.sum(i, numbers); });
    const at::Tensor scales = weight.to(at::kFloat).contiguous();
    const at::Tensor shifts = bias.to(at::kFloat).contiguous();
    const at::Tensor before = added.defined() ? added.to(at::kFloat).contiguous() : added;
    norm.settle(numbers, numbersOf(scales), numbersOf(shifts),
                before.defined() ? numbersOf(before) : std::span<const float>());
    at::Tensor out = at::empty_like(x);
    auto* const made = static_cast<Bf16*>(out.data_ptr());
    const auto then = after == After::Silu ? GroupNormBf16::After::Silu : GroupNormBf16::After::Nothing;
    each(norm.parts(), 2 * ofPart, [&](std::int64_t i) { norm.run(i, numbers, made, then); });
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
    each((places + kPlaces - 1) / kPlaces, 4 * kPlaces * width, [&](std::int64_t part) {
        const std::int64_t first = part * kPlaces;
        kernels::gegluBf16(from + 2 * first * width, std::min(kPlaces, places - first), width,
                           to + first * width);
    });
    return out;
}

}  // namespace easel::diffusion::ops::cpu
