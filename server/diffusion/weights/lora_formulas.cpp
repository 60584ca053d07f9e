// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/weights/lora_formulas.h"

#include <ATen/ATen.h>

#include <vector>

namespace easel::diffusion {
namespace {

using models::LoraKind;
using enum models::LoraRole;

/// a [out, rank] · b [rank, in · places], or with a kernel [i, j, height, width] between a [i, out] and
/// b [j, in] → `shape`.
at::Tensor product(const at::Tensor& a, const at::Tensor& b, const at::Tensor& kernel,
                   at::IntArrayRef shape) {
    if (!kernel.defined()) {
        return at::matmul(a.flatten(1), b.flatten(1)).reshape(shape);
    }
    return at::einsum("ijkl,jr,ip->prkl", {kernel, b.flatten(1), a.flatten(1)}).reshape(shape);
}

at::Tensor lowRank(const LoraNumbers& numbers, at::IntArrayRef shape) {
    const at::Tensor mid = numbers(Mid);
    const at::Tensor up = numbers(Up).flatten(1);
    return product(mid.defined() ? up.t() : up, numbers(Down), mid, shape);
}

/// https://arxiv.org/abs/2108.06098
at::Tensor hadamard(const LoraNumbers& numbers, at::IntArrayRef shape) {
    return product(numbers(HadaW1A), numbers(HadaW1B), numbers(HadaT1), shape) *
           product(numbers(HadaW2A), numbers(HadaW2B), numbers(HadaT2), shape);
}

at::Tensor kronecker(const LoraNumbers& numbers, at::IntArrayRef shape) {
    at::Tensor first = numbers(LokrW1);
    if (!first.defined()) {
        first = at::matmul(numbers(LokrW1A), numbers(LokrW1B));
    }
    std::vector<std::int64_t> inner = shape.vec();
    inner[0] /= first.size(0);
    inner[1] /= first.size(1);
    const at::Tensor whole = numbers(LokrW2);
    const at::Tensor second = whole.defined()
                                  ? whole.reshape(inner)
                                  : product(numbers(LokrW2A), numbers(LokrW2B), numbers(LokrT2), inner);
    std::vector<std::int64_t> outer(shape.size(), 1);
    outer[0] = first.size(0);
    outer[1] = first.size(1);
    return at::kron(first.reshape(outer), second.contiguous());
}

/// DoRA: the direction of the changed weight, and a magnitude of its own for each output or, as LyCORIS has
/// it too, for each input. https://arxiv.org/abs/2402.09353
at::Tensor withMagnitude(const at::Tensor& change, const at::Tensor& weight, const at::Tensor& magnitude,
                         bool isOfInputs) {
    const at::Tensor changed = weight + change;
    const std::int64_t own = isOfInputs ? 1 : 0;
    std::vector<std::int64_t> axes;
    std::vector<std::int64_t> shape(static_cast<std::size_t>(weight.dim()), 1);
    shape[static_cast<std::size_t>(own)] = weight.size(own);
    for (std::int64_t axis = 0; axis < weight.dim(); ++axis) {
        if (axis != own) {
            axes.push_back(axis);
        }
    }
    const at::Tensor norms = at::linalg_vector_norm(changed, 2, axes, true);
    return changed * (magnitude.reshape(shape) / norms) - weight;
}

}  // namespace

at::Tensor loraChange(const models::LoraModule& module, const LoraNumbers& numbers,
                      const at::Tensor& weight) {
    const at::IntArrayRef shape = weight.sizes();
    at::Tensor change;
    switch (module.kind) {
        case LoraKind::LowRank:
            change = lowRank(numbers, shape);
            break;
        case LoraKind::Hadamard:
            change = hadamard(numbers, shape);
            break;
        case LoraKind::Kronecker:
            change = kronecker(numbers, shape);
            break;
        case LoraKind::Whole:
            change = numbers(Diff);
            if (!change.defined()) {
                return change;
            }
            change = change.reshape(shape);
            break;
    }
    change = change * module.scale;
    if (const at::Tensor magnitude = numbers(Magnitude); magnitude.defined()) {
        return withMagnitude(change, weight, magnitude, false);
    }
    if (const at::Tensor scale = numbers(DoraScale); scale.defined()) {
        return withMagnitude(change, weight, scale, scale.dim() > 1 && scale.size(0) == 1);
    }
    return change;
}

}  // namespace easel::diffusion
