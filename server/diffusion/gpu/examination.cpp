// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/gpu/examination.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstring>
#include <utility>

#include "server/diffusion/fallback.h"
#include "server/image/resample.h"

namespace easel::diffusion::gpu {
namespace {

constexpr auto kLast = at::MemoryFormat::ChannelsLast;

/// A kernel and ATen's form of it on the same numbers. That one is asked twice: in single precision for the
/// numbers, and in the kernel's own for the time.
struct Trial {
    std::function<at::Tensor()> own;
    std::function<at::Tensor(bool isExact)> atens;
};

class Numbers {
public:
    Numbers(c10::Device device, c10::ScalarType dtype)
        : m_device(device), m_dtype(dtype), m_generator(at::make_generator<at::CPUGeneratorImpl>(1)) {}

    at::Tensor normal(at::IntArrayRef shape) {
        return at::randn(shape, m_generator, at::kFloat).to(m_device, m_dtype);
    }
    at::Tensor map(at::IntArrayRef shape) { return normal(shape).contiguous(kLast); }
    at::Tensor bytes(at::IntArrayRef shape) {
        return at::randint(0, 256, shape, m_generator, at::kFloat).to(at::kByte).to(m_device);
    }

private:
    c10::Device m_device;
    c10::ScalarType m_dtype;
    at::Generator m_generator;
};

at::Tensor exactly(const at::Tensor& x, bool isExact) {
    return isExact ? x.to(at::kFloat) : x;
}

Trial groupNormTrial(const Kernels& kernels, Numbers& numbers, at::IntArrayRef shape, std::int64_t groups,
                     bool silu, bool shifted) {
    // Away from zero, where sums in low precision lose their digits.
    const at::Tensor x = numbers.map(shape).add_(3);
    const at::Tensor weight = numbers.normal({shape[1]});
    const at::Tensor bias = numbers.normal({shape[1]});
    const at::Tensor added = shifted ? numbers.normal({shape[0], shape[1]}) : at::Tensor();
    const at::Tensor usual = x.contiguous();  // as maps lie where ATen norms them
    constexpr double kEps = 1e-5;
    return {[=, &kernels] { return kernels.groupNorm(x, groups, weight, bias, kEps, silu, added); },
            [=](bool isExact) {
                at::Tensor h = exactly(usual, isExact);
                if (added.defined()) {
                    h = (h + exactly(added, isExact).unsqueeze(-1).unsqueeze(-1)).to(x.scalar_type()).to(h);
                }
                h = at::group_norm(h, groups, exactly(weight, isExact), exactly(bias, isExact), kEps);
                return silu ? at::silu_(h) : h;
            }};
}

Trial layerNormTrial(const Kernels& kernels, Numbers& numbers, std::int64_t rows, std::int64_t width) {
    const at::Tensor x = numbers.normal({rows, width}).add_(3);
    const at::Tensor weight = numbers.normal({width});
    const at::Tensor bias = numbers.normal({width});
    constexpr double kEps = 1e-5;
    return {[=, &kernels] { return kernels.layerNorm(x, weight, bias, kEps); },
            [=](bool isExact) {
                return at::layer_norm(exactly(x, isExact), {width}, exactly(weight, isExact),
                                      exactly(bias, isExact), kEps);
            }};
}

Trial gegluTrial(const Kernels& kernels, Numbers& numbers, std::int64_t rows, std::int64_t width) {
    const at::Tensor x = numbers.normal({rows, 2 * width});
    return {[=, &kernels] { return kernels.geglu(x); },
            [=](bool isExact) {
                const auto halves = exactly(x, isExact).chunk(2, -1);
                return at::gelu(halves[1]).mul_(halves[0]);
            }};
}

Trial sumTrial(const Kernels& kernels, Numbers& numbers, at::IntArrayRef shape, bool ofEachRow) {
    const at::Tensor x = numbers.map(shape);
    const at::Tensor residual = numbers.map(shape);
    const at::Tensor bias = ofEachRow ? numbers.normal({shape[0], shape[1]}) : numbers.normal({shape[1]});
    return {
        [=, &kernels] { return kernels.sum(x, bias, residual); },
        [=](bool isExact) {
            const at::Tensor wide = exactly(bias, isExact).view({ofEachRow ? x.size(0) : 1, x.size(1), 1, 1});
            return (exactly(x, isExact) + wide).add_(exactly(residual, isExact));
        }};
}

Trial guideTrial(const Kernels& kernels, Numbers& numbers, at::IntArrayRef shape, bool isLast) {
    const at::Tensor answers = isLast ? numbers.map(shape) : numbers.normal(shape);
    std::vector<Way> ways;
    for (std::int32_t i = 1; i < shape[0]; ++i) {
        ways.push_back({0, i, 7.5F / static_cast<float>(i)});
    }
    return {[=, &kernels] { return kernels.guide(answers, ways); },
            [=](bool isExact) {
                const at::Tensor all = exactly(answers, isExact);
                at::Tensor guided = all.slice(0, 0, 1);
                for (const Way& way : ways) {
                    guided = guided + double{way.scale} * (all.slice(0, way.to, way.to + 1) -
                                                           all.slice(0, way.from, way.from + 1));
                }
                return guided;
            }};
}

Trial pixelsTrial(const Kernels& kernels, Numbers& numbers, at::IntArrayRef shape, bool isLast) {
    const at::Tensor decoded = isLast ? numbers.map(shape) : numbers.normal(shape);
    return {[=, &kernels] { return kernels.pixels(decoded); },
            [=](bool isExact) {
                return exactly(decoded, isExact)[0]
                    .mul(0.5)
                    .add(0.5)
                    .clamp(0, 1)
                    .to(at::kFloat)
                    .mul(255)
                    .round()
                    .to(at::kByte)
                    .permute({1, 2, 0})
                    .cpu();
            }};
}

/// Beside the CPU's own resize, since ATen has none that is Pillow's.
Trial resizeTrial(const Kernels& kernels, Numbers& numbers, image::Size from, image::Size to) {
    const at::Tensor rgb = numbers.bytes({from.height, from.width, 3});
    return {[=, &kernels] { return kernels.resized(rgb, to); },
            [=](bool) {
                const at::Tensor bytes = rgb.cpu();
                image::Image picture{from.width, from.height, {}};
                picture.rgb.resize(static_cast<std::size_t>(bytes.numel()));
                std::memcpy(picture.rgb.data(), bytes.const_data_ptr(), picture.rgb.size());
                const image::Image larger = image::resized(picture, to);
                const at::Tensor out = at::empty({to.height, to.width, 3}, at::kByte);
                std::memcpy(out.mutable_data_ptr(), larger.rgb.data(), larger.rgb.size());
                return out;
            }};
}

/// The last one is large, as in a picture of 512x512, and what the time is taken of.
std::vector<Trial> trialsOf(Op op, const Kernels& kernels, Numbers numbers) {
    std::vector<Trial> trials;
    switch (op) {
        case Op::GroupNorm:
            for (const bool silu : {false, true}) {
                trials.push_back(groupNormTrial(kernels, numbers, {1, 12, 5, 7}, 3, silu, false));
                trials.push_back(groupNormTrial(kernels, numbers, {2, 320, 8, 8}, 32, silu, true));
            }
            trials.push_back(groupNormTrial(kernels, numbers, {2, 320, 64, 64}, 32, true, false));
            break;
        case Op::LayerNorm:
            trials.push_back(layerNormTrial(kernels, numbers, 3, 77));
            trials.push_back(layerNormTrial(kernels, numbers, 22, 768));
            trials.push_back(layerNormTrial(kernels, numbers, 8192, 320));
            break;
        case Op::Geglu:
            trials.push_back(gegluTrial(kernels, numbers, 5, 33));
            trials.push_back(gegluTrial(kernels, numbers, 8192, 1280));
            break;
        case Op::Sum:
            trials.push_back(sumTrial(kernels, numbers, {2, 5, 7, 9}, true));
            trials.push_back(sumTrial(kernels, numbers, {2, 1280, 4, 4}, true));
            trials.push_back(sumTrial(kernels, numbers, {2, 320, 64, 64}, false));
            break;
        case Op::Guide:
            trials.push_back(guideTrial(kernels, numbers, {3, 4, 9, 7}, true));
            trials.push_back(guideTrial(kernels, numbers, {2, 4, 64, 64}, false));
            break;
        case Op::Pixels:
            trials.push_back(pixelsTrial(kernels, numbers, {1, 3, 9, 7}, true));
            trials.push_back(pixelsTrial(kernels, numbers, {1, 3, 512, 512}, false));
            break;
        case Op::Resize:
            trials.push_back(resizeTrial(kernels, numbers, {64, 48}, {31, 63}));
            trials.push_back(resizeTrial(kernels, numbers, {512, 512}, {768, 768}));
            break;
    }
    return trials;
}

/// Whether what a kernel made is what ATen makes in single precision, rounded once.
bool isRight(const at::Tensor& made, const at::Tensor& exact, c10::ScalarType dtype) {
    if (!made.defined() || made.sizes() != exact.sizes()) {
        return false;
    }
    if (made.scalar_type() == at::kByte) {
        return made.equal(exact);
    }
    // Half a step of the last digit, and as much as sums in another order differ by.
    const double digits = dtype == at::kHalf ? 0x1p-11 : dtype == at::kBFloat16 ? 0x1p-8 : 0;
    constexpr double kSums = 2e-5;
    const at::Tensor right = exact.to(at::kDouble);
    const at::Tensor allowed = right.abs().mul(digits + kSums).add(kSums);
    return (made.to(at::kDouble) - right).abs().le(allowed).all().item<bool>();  // no number is not
}

void settle(c10::Device device) {
    if (!device.is_cpu()) {
        c10::impl::VirtualGuardImpl(device.type()).synchronizeDevice(device.index());
    }
}

/// The least of some times that `work` takes a few times.
double secondsOf(c10::Device device, const std::function<void()>& work) {
    constexpr int kTimes = 8;
    double least = 0;
    for (int i = 0; i < 4; ++i) {
        settle(device);
        const auto startedAt = std::chrono::steady_clock::now();
        for (int k = 0; k < kTimes; ++k) {
            work();
        }
        settle(device);
        const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - startedAt;
        least = i == 0 ? taken.count() : std::min(least, taken.count());
    }
    return least;
}

Verdict judge(const Kernels& kernels, c10::Device device, const Skill& skill, double slowest) {
    const bool isTimed = std::isfinite(slowest);
    auto trials =
        trialsOf(skill.op, kernels, Numbers(device, skill.dtype == at::kByte ? at::kFloat : skill.dtype));
    if (!isTimed) {
        trials.pop_back();
    }
    for (const Trial& trial : trials) {
        const at::Tensor made = trial.own();
        settle(device);
        if (!isRight(made, trial.atens(true), skill.dtype)) {
            return {skill, Verdict::State::Differs, 0};
        }
    }
    if (!isTimed) {
        return {skill, Verdict::State::Right, 0};
    }
    const Trial& last = trials.back();
    const double atens = secondsOf(device, [&] { last.atens(false); });
    const double ratio = secondsOf(device, [&] { last.own(); }) / std::max(atens, 1e-9);
    return {skill, ratio > slowest ? Verdict::State::Slow : Verdict::State::Right, ratio};
}

}  // namespace

void examine(const Kernels& kernels, c10::Device device, std::span<const Skill> skills, double slowest,
             const std::function<void(const Skill&)>& begins,
             const std::function<void(const Verdict&)>& ends) {
    const c10::InferenceMode inference;
    for (const Skill& skill : skills) {
        begins(skill);
        try {
            ends(judge(kernels, device, skill, slowest));
        } catch (const std::exception& error) {
            if (!isOutOfMemory(error)) {
                ends({skill, Verdict::State::Failed, 0});
                return;
            }
            ends({skill, Verdict::State::Untried, 0});
        }
    }
}

}  // namespace easel::diffusion::gpu
