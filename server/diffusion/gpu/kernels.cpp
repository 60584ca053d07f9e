// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/gpu/kernels.h"

#include <ATen/ATen.h>
#include <c10/core/DeviceGuard.h>
#include <dlfcn.h>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "server/image/resample.h"

namespace easel::diffusion::gpu {
namespace {

namespace cuda = kernels::cuda;

/// What libtorch uses there just now: its CUDA half, long loaded, has a plain function that tells it.
void* streamOf(c10::Device device) {
    using GetStream = std::int32_t(std::int32_t device, void** stream);
    static const auto ask =
        reinterpret_cast<GetStream*>(dlsym(RTLD_DEFAULT, "aoti_torch_get_current_cuda_stream"));
    void* stream = nullptr;
    TORCH_CHECK(ask != nullptr && ask(device.index(), &stream) == 0, "libtorch does not tell its stream");
    return stream;
}

/// Starts a kernel on the device of `x`, behind what libtorch has started there.
template <typename Call>
void start(int (*function)(const Call&, void*), const Call& call, const at::Tensor& x) {
    void* stream = nullptr;
    const std::optional<c10::DeviceGuard> guard =
        x.is_cpu() ? std::nullopt : std::optional<c10::DeviceGuard>(std::in_place, x.device());
    if (!x.is_cpu()) {
        stream = streamOf(x.device());
    }
    const int error = function(call, stream);
    TORCH_CHECK(error == 0, "a kernel of Easel's cannot be started: CUDA error ", error);
}

std::optional<cuda::NumberKind> kindOf(const at::Tensor& x) {
    switch (x.scalar_type()) {
        case at::kFloat:
            return cuda::NumberKind::Float32;
        case at::kHalf:
            return cuda::NumberKind::Float16;
        case at::kBFloat16:
            return cuda::NumberKind::BFloat16;
        default:
            return std::nullopt;
    }
}

/// Whether `other` can be used beside x as it lies.
bool fits(const at::Tensor& x, const at::Tensor& other, std::int64_t count) {
    return other.scalar_type() == x.scalar_type() && other.device() == x.device() && other.numel() == count &&
           other.is_contiguous();
}

bool isMap(const at::Tensor& x) {
    return x.dim() == 4 && x.is_contiguous(at::MemoryFormat::ChannelsLast);
}

std::int64_t placesOf(const at::Tensor& map) {
    return map.size(2) * map.size(3);
}

/// All of Kernels' state, for the process.
struct Trust {
    std::optional<Kernels> kernels;
    std::set<std::pair<Op, c10::ScalarType>> ops;
    c10::DeviceType device = c10::kCUDA;
};

Trust& trustNow() {
    static Trust now;
    return now;
}

}  // namespace

std::string_view toString(Op op) {
    switch (op) {
        case Op::GroupNorm:
            return "group_norm";
        case Op::LayerNorm:
            return "layer_norm";
        case Op::Geglu:
            return "geglu";
        case Op::Sum:
            return "sum";
        case Op::Guide:
            return "guidance";
        case Op::Pixels:
            return "pixels";
        case Op::Resize:
            break;
    }
    return "resize";
}

at::Tensor Kernels::groupNorm(const at::Tensor& x, std::int64_t groups, const at::Tensor& weight,
                              const at::Tensor& bias, double eps, bool silu, const at::Tensor& added) const {
    const auto kind = kindOf(x);
    if (!kind || !isMap(x) || !fits(x, weight, x.size(1)) || !fits(x, bias, x.size(1))) {
        return {};
    }
    if (added.defined()) {
        const at::Tensor shifted = sum(x, added, {});
        return shifted.defined() ? groupNorm(shifted, groups, weight, bias, eps, silu) : shifted;
    }
    at::Tensor out = at::empty_like(x);
    cuda::GroupNormCall call{.kind = *kind,
                             .x = x.const_data_ptr(),
                             .weight = weight.const_data_ptr(),
                             .bias = bias.const_data_ptr(),
                             .out = out.mutable_data_ptr(),
                             .workspace = nullptr,
                             .rows = x.size(0),
                             .places = placesOf(x),
                             .channels = x.size(1),
                             .groups = groups,
                             .eps = static_cast<float>(eps),
                             .silu = silu};
    const at::Tensor workspace =
        at::empty({m_functions->groupNormWorkspace(call)}, x.options().dtype(at::kFloat).memory_format({}));
    call.workspace = workspace.mutable_data_ptr<float>();
    start(m_functions->groupNorm, call, x);
    return out;
}

at::Tensor Kernels::layerNorm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                              double eps) const {
    const auto kind = kindOf(x);
    const std::int64_t width = x.size(-1);
    if (!kind || !x.is_contiguous() || width == 0 || !fits(x, weight, width) || !fits(x, bias, width)) {
        return {};
    }
    at::Tensor out = at::empty_like(x);
    start(m_functions->layerNorm,
          {*kind, x.const_data_ptr(), weight.const_data_ptr(), bias.const_data_ptr(), out.mutable_data_ptr(),
           x.numel() / width, width, static_cast<float>(eps)},
          x);
    return out;
}

at::Tensor Kernels::geglu(const at::Tensor& x) const {
    const auto kind = kindOf(x);
    const std::int64_t width = x.size(-1) / 2;
    if (!kind || !x.is_contiguous() || width == 0) {
        return {};
    }
    auto shape = x.sizes().vec();
    shape.back() = width;
    at::Tensor out = at::empty(shape, x.options());
    start(m_functions->geglu,
          {*kind, x.const_data_ptr(), out.mutable_data_ptr(), x.numel() / (2 * width), width}, x);
    return out;
}

at::Tensor Kernels::sum(const at::Tensor& x, const at::Tensor& bias, const at::Tensor& residual) const {
    const auto kind = kindOf(x);
    if (!kind || !isMap(x)) {
        return {};
    }
    const bool ofEachRow = bias.defined() && bias.dim() > 1;
    if ((bias.defined() && !fits(x, bias, (ofEachRow ? x.size(0) : 1) * x.size(1))) ||
        (residual.defined() &&
         (!isMap(residual) || residual.sizes() != x.sizes() || residual.scalar_type() != x.scalar_type() ||
          residual.device() != x.device()))) {
        return {};
    }
    at::Tensor out = at::empty_like(x);
    start(m_functions->sum,
          {*kind, x.const_data_ptr(), bias.defined() ? bias.const_data_ptr() : nullptr,
           residual.defined() ? residual.const_data_ptr() : nullptr, out.mutable_data_ptr(), x.size(0),
           placesOf(x), x.size(1), ofEachRow},
          x);
    return out;
}

at::Tensor Kernels::guide(const at::Tensor& answers, std::span<const Way> ways) const {
    const auto kind = kindOf(answers);
    // Branch by branch, however a branch itself lies.
    const at::Tensor one = answers.slice(0, 0, 1);
    if (!kind || !answers.is_non_overlapping_and_dense() || answers.stride(0) != one.numel() ||
        ways.size() > cuda::GuideCall::kMostDirections) {
        return {};
    }
    at::Tensor out = at::empty_like(one);
    if (out.strides() != one.strides()) {
        return {};
    }
    cuda::GuideCall call{.kind = *kind,
                         .answers = answers.const_data_ptr(),
                         .latents = nullptr,
                         .out = out.mutable_data_ptr(),
                         .count = one.numel(),
                         .own = 0,
                         .taken = 1,
                         .directions = static_cast<std::int32_t>(ways.size()),
                         .direction = {}};
    std::ranges::transform(ways, call.direction, [](const Way& way) {
        return cuda::GuideCall::Direction{way.from, way.to, way.scale};
    });
    start(m_functions->guide, call, answers);
    return out;
}

at::Tensor Kernels::pixels(const at::Tensor& decoded) const {
    const auto kind = kindOf(decoded);
    if (!kind || decoded.dim() != 4 || decoded.size(1) != 3) {
        return {};
    }
    const at::Tensor out =
        at::empty({decoded.size(2), decoded.size(3), 3}, at::device(decoded.device()).dtype(at::kByte));
    const at::Tensor notFinite = at::zeros({1}, at::device(decoded.device()).dtype(at::kInt));
    start(m_functions->pixels,
          {*kind, decoded.const_data_ptr(), decoded.stride(1), decoded.stride(2), decoded.stride(3),
           out.mutable_data_ptr<std::uint8_t>(), notFinite.mutable_data_ptr<std::int32_t>(), out.size(0),
           out.size(1)},
          decoded);
    return notFinite.item<std::int32_t>() == 0 ? out.cpu() : at::Tensor();
}

at::Tensor Kernels::resized(const at::Tensor& rgb, image::Size size) const {
    if (rgb.scalar_type() != at::kByte || !rgb.is_contiguous() || rgb.dim() != 3) {
        return {};
    }
    const auto along = [&](const at::Tensor& x, std::int64_t outer, std::int64_t from, int to,
                           std::int64_t inner) {
        if (from == to) {
            return x;
        }
        const auto taps = image::tapTable(static_cast<int>(from), to);
        const auto onDevice = [&](const std::vector<std::int32_t>& numbers) {
            return at::tensor(numbers, at::kInt).to(x.device());
        };
        const at::Tensor firsts = onDevice(taps.firsts);
        const at::Tensor counts = onDevice(taps.counts);
        const at::Tensor weights = onDevice(taps.weights);
        at::Tensor out = at::empty({outer * to * inner}, x.options());
        start(m_functions->resample,
              {x.const_data_ptr<std::uint8_t>(), out.mutable_data_ptr<std::uint8_t>(),
               firsts.const_data_ptr<std::int32_t>(), counts.const_data_ptr<std::int32_t>(),
               weights.const_data_ptr<std::int32_t>(), outer, from, to, inner, taps.most},
              x);
        return out;
    };
    const std::int64_t height = rgb.size(0);
    const at::Tensor wide = along(rgb, height, rgb.size(1), size.width, 3);
    return along(wide, 1, height, size.height, std::int64_t{3} * size.width)
        .view({size.height, size.width, 3});
}

void trust(const kernels::cuda::Functions* kernels, std::span<const std::pair<Op, c10::ScalarType>> ops,
           c10::DeviceType device) {
    Trust& now = trustNow();
    now.kernels.reset();
    now.ops = {ops.begin(), ops.end()};
    now.device = device;
    if (kernels != nullptr) {
        now.kernels.emplace(*kernels);
    }
}

const Kernels* trusted(Op op, c10::Device device, c10::ScalarType dtype) {
    const Trust& now = trustNow();
    return now.kernels && device.type() == now.device && now.ops.contains({op, dtype}) ? &*now.kernels
                                                                                       : nullptr;
}

}  // namespace easel::diffusion::gpu
