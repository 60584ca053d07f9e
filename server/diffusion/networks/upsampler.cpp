// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/networks/upsampler.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string>

#include "server/diffusion/weights/packed.h"

namespace easel::diffusion {
namespace {

/// Three rows or columns of a kernel, of which an even place of the result sees the last two in one number,
/// and an odd one the first two.
at::Tensor merged(const at::Tensor& kernel, std::int64_t dim, bool isOdd) {
    const at::Tensor first = kernel.narrow(dim, 0, 1);
    const at::Tensor middle = kernel.narrow(dim, 1, 1);
    const at::Tensor last = kernel.narrow(dim, 2, 1);
    return isOdd ? at::cat({first + middle, last}, dim) : at::cat({first, middle + last}, dim);
}

at::Tensor quarterOf(const at::Tensor& weight, bool isOddRow, bool isOddColumn) {
    const at::Tensor kernel = packed::plain(weight).to(at::kFloat);
    return merged(merged(kernel, 2, isOddRow), 3, isOddColumn).to(weight.scalar_type());
}

/// Copies a quarter [B, C, H, W], from its place (row, column) on, to every second one of `out`'s.
void spread(const at::Tensor& quarter, std::int64_t row, std::int64_t column, const at::Tensor& out) {
    const std::int64_t height = out.size(2) / 2;
    const std::int64_t width = out.size(3) / 2;
    const at::Tensor to = out.slice(2, row, {}, 2).slice(3, column, {}, 2);
    const at::Tensor from = quarter.slice(2, row, row + height).slice(3, column, column + width);
    if (to.stride(1) != 1 || from.stride(1) != 1) {
        to.copy_(from);
        return;
    }
    // With the channels last, as many bytes lie together as those take, which copy_() does not see.
    const auto size = static_cast<std::int64_t>(out.element_size());
    const auto* const read = static_cast<const std::byte*>(from.const_data_ptr());
    auto* const written = static_cast<std::byte*>(to.data_ptr());
    const auto bytes = static_cast<std::size_t>(out.size(1) * size);
    const std::int64_t least = std::max<std::int64_t>(at::internal::GRAIN_SIZE / (width * out.size(1)), 1);
    at::parallel_for(0, out.size(0) * height, least, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i) {
            const std::int64_t image = i / height;
            const std::int64_t line = i % height;
            const std::byte* numbers = read + (image * from.stride(0) + line * from.stride(2)) * size;
            std::byte* place = written + (image * to.stride(0) + line * to.stride(2)) * size;
            for (std::int64_t x = 0; x < width; ++x) {
                std::memcpy(place, numbers, bytes);
                numbers += from.stride(3) * size;
                place += to.stride(3) * size;
            }
        }
    });
}

}  // namespace

Upsampler::Upsampler(const Weights& in, std::int64_t channels, Linear::Bias bias)
    : conv(in, channels, channels, 3, 1, bias) {
    if (!conv.weight.device().is_cpu() || conv.beside) {
        return;
    }
    for (std::size_t i = 0; i < quarters.size(); ++i) {
        quarters[i] = in.derived("weight", std::to_string(i), conv.weight, [i](const at::Tensor& weight) {
            return packed::packedIfWorthIt(quarterOf(weight, i >= 2, i % 2 == 1), 1);
        });
    }
}

at::Tensor Upsampler::forward(const at::Tensor& x) const {
    return forward(x, 2 * x.size(2), 2 * x.size(3));
}

at::Tensor Upsampler::forward(const at::Tensor& x, std::int64_t height, std::int64_t width) const {
    const bool isDouble = height == 2 * x.size(2) && width == 2 * x.size(3);
    if (!isDouble || !quarters[0].defined()) {
        return conv.forward(at::upsample_nearest2d(x, {height, width}));
    }
    at::Tensor out;
    for (std::size_t i = 0; i < quarters.size(); ++i) {
        const auto row = static_cast<std::int64_t>(i / 2);
        const auto column = static_cast<std::int64_t>(i % 2);
        // One more in each direction: even places see what is before x, odd ones what is behind it.
        const at::Tensor made = convolved(x, quarters[i], conv.bias, 1, 1);
        if (!out.defined()) {
            out = at::empty({x.size(0), made.size(1), height, width}, made.options(),
                            made.suggest_memory_format());
        }
        spread(made, row, column, out);
    }
    return out;
}

}  // namespace easel::diffusion
