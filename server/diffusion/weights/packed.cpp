// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/weights/packed.h"

#include <ATen/ATen.h>
#include <ATen/core/dispatch/Dispatcher.h>

#include <array>
#include <optional>
#include <string_view>

#include "server/kernels/processor.h"

// libtorch has these for its own compiler; they have no place among ATen's functions.
namespace easel::diffusion::packed {
namespace {

using Attributes = c10::List<std::optional<at::Scalar>>;
using Name = std::optional<std::string_view>;

using PackLinear = at::Tensor(const at::Tensor&, std::optional<std::int64_t>);
using PackConvolution = at::Tensor(const at::Tensor&, at::IntArrayRef padding, at::IntArrayRef stride,
                                   at::IntArrayRef dilation, std::int64_t groups,
                                   c10::OptionalArrayRef<std::int64_t> inputs);
using RunLinear = at::Tensor(const at::Tensor&, const at::Tensor&, const std::optional<at::Tensor>&,
                             std::string_view after, Attributes, Name);
using RunConvolution = at::Tensor(const at::Tensor&, const at::Tensor&, const std::optional<at::Tensor>&,
                                  at::IntArrayRef padding, at::IntArrayRef stride, at::IntArrayRef dilation,
                                  std::int64_t groups, std::string_view after, Attributes, Name);
using AddLinear = at::Tensor(const at::Tensor&, const at::Tensor& added, const at::Tensor&,
                             const std::optional<at::Tensor>&, std::string_view how);
using AddConvolution = at::Tensor(const at::Tensor&, const at::Tensor& added, const at::Tensor&,
                                  const std::optional<at::Tensor>&, at::IntArrayRef padding,
                                  at::IntArrayRef stride, at::IntArrayRef dilation, std::int64_t groups,
                                  std::string_view how, std::optional<at::Scalar>, Name after, Attributes,
                                  Name);

template <typename Function>
c10::TypedOperatorHandle<Function> operation(const char* name, const char* form = "") {
    return c10::Dispatcher::singleton().findSchemaOrThrow(name, form).typed<Function>();
}

constexpr std::array<std::int64_t, 2> kNear{1, 1};

std::optional<at::Tensor> given(const at::Tensor& bias) {
    return bias.defined() ? std::optional(bias) : std::nullopt;
}

/// Only where oneDNN's own function for it makes the order that a convolution then wants, whatever the size
/// of the map; from one to another it brings weights very slowly. It does not with a kernel of one pixel, nor
/// where the outputs are a multiple of 96, nor without AVX-512, nor always in float32 in steps of more than
/// one. Of 766 convolutions tried in each precision a few others are brought over each time, too: those that
/// are large quickly, in a third of a millisecond, and slowly only small ones, of 40 and 48 outputs.
bool isPackedAlike(const at::Tensor& weight, std::int64_t stride) {
    const bool isHalf = weight.scalar_type() == at::kBFloat16;
    return kernels::hasAvx512() && weight.size(2) > 1 && weight.size(0) % 96 != 0 && (isHalf || stride == 1);
}

}  // namespace

bool isWorthIt(const at::Tensor& weight) {
    return weight.is_cpu() && (weight.scalar_type() == at::kFloat ||
                               (weight.scalar_type() == at::kBFloat16 && kernels::hasBf16()));
}

at::Tensor packed(const at::Tensor& weight, std::int64_t stride) {
    if (weight.is_mkldnn()) {
        return weight;
    }
    if (weight.dim() == 2) {
        static const auto pack = operation<PackLinear>("mkldnn::_reorder_linear_weight");
        return pack.call(weight, std::nullopt);
    }
    if (!isPackedAlike(weight, stride)) {
        return weight.contiguous(at::MemoryFormat::ChannelsLast);
    }
    static const auto pack = operation<PackConvolution>("mkldnn::_reorder_convolution_weight");
    const std::array padding{weight.size(2) / 2, weight.size(3) / 2};
    return pack.call(weight, padding, std::array{stride, stride}, kNear, 1, std::nullopt);
}

at::Tensor packedIfWorthIt(const at::Tensor& weight, std::int64_t stride) {
    return isWorthIt(weight) ? packed(weight, stride) : weight;
}

at::Tensor plain(const at::Tensor& weight) {
    return weight.is_mkldnn() ? weight.to_dense().contiguous() : weight;
}

at::Tensor linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                  const at::Tensor& added) {
    if (added.defined()) {
        static const auto add = operation<AddLinear>("mkldnn::_linear_pointwise", "binary");
        return add.call(x, added, weight, given(bias), "add");
    }
    static const auto run = operation<RunLinear>("mkldnn::_linear_pointwise");
    return run.call(x, weight, given(bias), "none", Attributes(), "");
}

at::Tensor convolution(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                       std::int64_t stride, std::int64_t padding, const at::Tensor& added) {
    if (added.defined()) {
        static const auto add = operation<AddConvolution>("mkldnn::_convolution_pointwise", "binary");
        return add.call(x, added, weight, given(bias), std::array{padding, padding},
                        std::array{stride, stride}, kNear, 1, "add", std::nullopt, std::nullopt, Attributes(),
                        std::nullopt);
    }
    static const auto run = operation<RunConvolution>("mkldnn::_convolution_pointwise");
    return run.call(x, weight, given(bias), std::array{padding, padding}, std::array{stride, stride}, kNear,
                    1, "none", Attributes(), "");
}

}  // namespace easel::diffusion::packed
