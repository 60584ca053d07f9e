// SPDX-License-Identifier: Apache-2.0
#include "server/kernels/cuda/dispatch.h"

namespace easel::kernels::cuda {
namespace {

/// A warp takes a row, three times: what it reads again is still in the cache.
template <typename Number, int Count>
struct LayerNorm {
    const Number* x;
    const Number* weight;
    const Number* bias;
    Number* out;
    std::int64_t rows;
    std::int64_t width;
    float eps;

    EASEL_DEVICE void operator()(const Block& block) const {
        const int warp = block.thread() / kWarp;
        for (std::int64_t row = block.index() * kWarps + warp; row < rows; row += block.count() * kWarps) {
            normalize(block, row);
        }
    }

    EASEL_DEVICE void normalize(const Block& block, std::int64_t row) const {
        const Number* const from = x + row * width;
        const std::int64_t begin = std::int64_t{block.thread() % kWarp} * Count;
        const auto count = static_cast<float>(width);
        // About the row's first number, so that numbers far from zero keep their digits.
        const float near = valueOf(from[0]);
        float sum = 0;
        for (std::int64_t i = begin; i < width; i += kWarp * Count) {
            float values[Count];
            read(from + i, values);
            for (int k = 0; k < Count; ++k) {
                sum += values[k] - near;
            }
        }
        const float over = block.sumOfWarp(sum) / count;
        float squares = 0;
        for (std::int64_t i = begin; i < width; i += kWarp * Count) {
            float values[Count];
            read(from + i, values);
            for (int k = 0; k < Count; ++k) {
                const float apart = values[k] - near - over;
                squares += apart * apart;
            }
        }
        const float scale = 1 / sqrtf(block.sumOfWarp(squares) / count + eps);
        for (std::int64_t i = begin; i < width; i += kWarp * Count) {
            float values[Count];
            float weights[Count];
            float shifts[Count];
            read(from + i, values);
            read(weight + i, weights);
            read(bias + i, shifts);
            for (int k = 0; k < Count; ++k) {
                values[k] = (values[k] - near - over) * scale * weights[k] + shifts[k];
            }
            write(values, out + row * width + i);
        }
    }
};

}  // namespace

int layerNorm(const LayerNormCall& call, void* stream) {
    if (call.rows * call.width == 0) {
        return 0;
    }
    return withNumbers(call.kind, call.width, {call.x, call.weight, call.bias, call.out},
                       [&]<typename Number, typename Count>(Number, Count) {
                           const LayerNorm<Number, Count::value> kernel{
                               static_cast<const Number*>(call.x),
                               static_cast<const Number*>(call.weight),
                               static_cast<const Number*>(call.bias),
                               static_cast<Number*>(call.out),
                               call.rows,
                               call.width,
                               call.eps};
                           return launch(kernel, {quotientUp(call.rows, kWarps)}, stream);
                       });
}

}  // namespace easel::kernels::cuda
