// SPDX-License-Identifier: Apache-2.0
#include "server/models/lora/lora_shapes.h"

#include <functional>
#include <numeric>

namespace easel::models {

namespace {

using enum LoraRole;
using Shape = std::vector<std::int64_t>;

std::int64_t numbers(std::span<const std::int64_t> shape) {
    return std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
}

/// A kernel of one place may be written or not.
Shape withoutOnes(std::span<const std::int64_t> shape) {
    Shape bare(shape.begin(), shape.end());
    while (bare.size() > 1 && bare.back() == 1) {
        bare.pop_back();
    }
    return bare;
}

bool has(const TensorEntry* tensor, const Shape& shape) {
    return tensor != nullptr && withoutOnes(tensor->shape) == withoutOnes(shape);
}

std::int64_t extent(const TensorEntry* tensor, std::size_t dimension) {
    return tensor != nullptr && dimension < tensor->shape.size() ? tensor->shape[dimension] : 1;
}

/// The weight's shape, taken apart.
struct Layer {
    explicit Layer(std::span<const std::int64_t> shape)
        : out(shape[0]),
          in(shape[1]),
          kernel(shape.begin() + 2, shape.end()),
          places(numbers(kernel)),
          isMap(shape.size() == 4) {}

    Shape with(std::int64_t first, std::int64_t second) const {
        Shape whole{first, second};
        whole.insert(whole.end(), kernel.begin(), kernel.end());
        return whole;
    }

    std::int64_t out;
    std::int64_t in;
    Shape kernel;
    std::int64_t places;
    bool isMap;
};

bool fitsLowRank(const LoraModule& m, const Layer& layer) {
    if (m[Mid] == nullptr) {
        return has(m[Down], layer.with(m.rank, layer.in)) && has(m[Up], {layer.out, m.rank});
    }
    const std::int64_t outer = extent(m[Mid], 0);
    return layer.isMap && m[Mid]->shape == layer.with(outer, m.rank) && has(m[Down], {m.rank, layer.in}) &&
           has(m[Up], {layer.out, outer});
}

/// A product of two factors [out, rank] and [rank, in · places], or with a kernel [i, j, height, width]
/// between [i, out] and [j, in].
bool fitsProduct(const TensorEntry* a, const TensorEntry* b, const TensorEntry* kernel, std::int64_t out,
                 std::int64_t in, const Layer& layer) {
    if (kernel == nullptr) {
        const std::int64_t rank = extent(b, 0);
        return has(a, {out, rank}) && has(b, {rank, in * layer.places});
    }
    const std::int64_t i = extent(kernel, 0);
    const std::int64_t j = extent(kernel, 1);
    return layer.isMap && kernel->shape == layer.with(i, j) && has(a, {i, out}) && has(b, {j, in});
}

bool fitsKronecker(const LoraModule& m, const Layer& layer) {
    const std::int64_t outs = m[LokrW1] != nullptr ? extent(m[LokrW1], 0) : extent(m[LokrW1A], 0);
    const std::int64_t ins = m[LokrW1] != nullptr ? extent(m[LokrW1], 1) : extent(m[LokrW1B], 1);
    if (outs <= 0 || ins <= 0 || layer.out % outs != 0 || layer.in % ins != 0) {
        return false;
    }
    const bool first = m[LokrW1] != nullptr ? has(m[LokrW1], {outs, ins})
                                            : has(m[LokrW1A], {outs, extent(m[LokrW1B], 0)}) &&
                                                  has(m[LokrW1B], {extent(m[LokrW1B], 0), ins});
    const std::int64_t out = layer.out / outs;
    const std::int64_t in = layer.in / ins;
    return first && (m[LokrW2] != nullptr ? has(m[LokrW2], layer.with(out, in))
                                          : fitsProduct(m[LokrW2A], m[LokrW2B], m[LokrT2], out, in, layer));
}

bool fitsScales(const LoraModule& m, const Layer& layer) {
    const TensorEntry* const magnitude = m[Magnitude];
    const TensorEntry* const scale = m[DoraScale];
    return (magnitude == nullptr || numbers(magnitude->shape) == layer.out) &&
           (scale == nullptr || has(scale, {layer.out}) || has(scale, {1, layer.in})) &&
           (magnitude == nullptr || scale == nullptr);
}

}  // namespace

bool fits(const LoraModule& m, std::span<const std::int64_t> shape) {
    const Layer layer(shape);
    if (!fitsScales(m, layer) || (m[DiffBias] != nullptr && !has(m[DiffBias], {layer.out}))) {
        return false;
    }
    switch (m.kind) {
        case LoraKind::LowRank:
            return fitsLowRank(m, layer);
        case LoraKind::Hadamard:
            return fitsProduct(m[HadaW1A], m[HadaW1B], m[HadaT1], layer.out, layer.in, layer) &&
                   fitsProduct(m[HadaW2A], m[HadaW2B], m[HadaT2], layer.out, layer.in, layer);
        case LoraKind::Kronecker:
            return fitsKronecker(m, layer);
        case LoraKind::Whole:
            return m[Diff] == nullptr || has(m[Diff], layer.with(layer.out, layer.in));
    }
    return false;
}

std::int64_t numbersBeside(const LoraModule& m) {
    return numbers(m[Down]->shape) + numbers(m[Up]->shape);
}

}  // namespace easel::models
