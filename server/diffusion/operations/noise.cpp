// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/operations/noise.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include "shared/protocol/passes.h"

namespace easel::diffusion {

namespace {

at::Generator seeded(std::int64_t seed) {
    return at::make_generator<at::CPUGeneratorImpl>(static_cast<std::uint64_t>(seed));
}

}  // namespace

at::Generator generatorOf(const protocol::GenerationSettings& settings, int index) {
    return seeded(protocol::seedOf(settings, index));
}

at::Tensor noiseOf(const protocol::GenerationSettings& settings, int index,
                   const std::vector<std::int64_t>& shape, const at::Generator& generator) {
    const at::Tensor own = at::randn(shape, generator, at::kFloat);
    if (settings.variationStrength <= 0) {
        return own;
    }
    const auto other = seeded(protocol::settingsOf(settings, index).variationSeed);
    return betweenNoises(own, at::randn(shape, other, at::kFloat), settings.variationStrength);
}

at::Tensor betweenNoises(const at::Tensor& a, const at::Tensor& b, double share) {
    constexpr int kAlong = 2;              // H
    constexpr double kAlmostOne = 0.9995;  // where the arc is as good as straight, and its sine 0
    const auto unit = [](const at::Tensor& x) { return x / x.norm(2, kAlong, true); };
    const at::Tensor cosine = (unit(a) * unit(b)).sum(kAlong, true);
    if (cosine.mean().item<double>() > kAlmostOne) {
        return a * (1 - share) + b * share;
    }
    const at::Tensor angle = cosine.acos();
    return (angle * (1 - share)).sin() / angle.sin() * a + (angle * share).sin() / angle.sin() * b;
}

}  // namespace easel::diffusion
