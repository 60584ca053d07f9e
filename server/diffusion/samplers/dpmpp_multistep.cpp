// SPDX-License-Identifier: Apache-2.0
#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <utility>

#include "server/diffusion/samplers/fresh_noise.h"
#include "server/diffusion/samplers/registry.h"
#include "server/diffusion/samplers/sigma_schedule.h"
#include "server/diffusion/samplers/solver_level.h"

namespace easel::diffusion {
namespace {

// Below this many steps the last ones fall back to lower orders.
constexpr std::size_t kFewSteps = 15;

/// What the multistep solvers share: latents that are a mixture of picture and noise, and the pictures that
/// the network saw in them so far. https://arxiv.org/abs/2211.01095
class DpmppMultistep : public Sampler {
protected:
    DpmppMultistep(const SamplerSettings& settings, const SigmaSchedule& schedule, at::Tensor noise,
                   std::size_t order)
        : Sampler(schedule.timesteps, std::move(noise)),
          m_settings(settings),
          m_sigmas(schedule.sigmas),
          m_order(order) {}

    const SamplerSettings& settings() const { return m_settings; }
    SolverLevel level(std::size_t index) const { return SolverLevel(m_sigmas[index]); }
    /// What the network sees at `index`, beside the pictures before it; how many of them count.
    std::size_t look(std::size_t index, const at::Tensor& latents, const at::Tensor& output) {
        m_pictures.push_front(pictureAt(index, latents, output));
        if (m_pictures.size() > m_order) {
            m_pictures.pop_back();
        }
        return std::min(m_pictures.size(), orderAt(index));
    }
    /// Newest first.
    const at::Tensor& picture(std::size_t ago) const { return m_pictures[ago]; }
    /// How fast the pictures changed in the step that ended `ago` steps before `index`, over that of length
    /// h.
    at::Tensor change(std::size_t index, std::size_t ago, float h) const {
        return (1 / stretch(index, ago, h)) * (picture(ago) - picture(ago + 1));
    }
    /// That step's length, in that of the one at hand.
    float stretch(std::size_t index, std::size_t ago, float h) const {
        return (level(index - ago).lambda - level(index - ago - 1).lambda) / h;
    }

private:
    at::Tensor pictureAt(std::size_t index, const at::Tensor& latents,
                         const at::Tensor& output) const override {
        return pictureIn(latents, output, level(index).mixture(), m_settings.prediction);
    }

    at::Tensor noised(std::size_t index, const at::Tensor& picture, const at::Tensor& noise) const override {
        return level(index).alpha * picture + level(index).noise * noise;
    }

    std::size_t orderAt(std::size_t index) const {
        const std::size_t left = timesteps().size() - index;
        const bool few = m_settings.lowerOrderFinal && timesteps().size() < kFewSteps;
        if (left == 1 && (m_sigmas.back() == 0 || m_settings.eulerAtFinal || few)) {
            return 1;
        }
        return left == 2 && few ? 2 : m_order;
    }

    SamplerSettings m_settings;
    std::vector<float> m_sigmas;
    std::size_t m_order;
    std::deque<at::Tensor> m_pictures;  // newest first
};

/// Of order two, midpoint.
class Dpmpp2m : public DpmppMultistep {
public:
    Dpmpp2m(const SamplerSettings& settings, const SigmaSchedule& schedule, at::Tensor noise)
        : DpmppMultistep(settings, schedule, std::move(noise), 2) {}

private:
    at::Tensor step(std::size_t index, const at::Tensor& latents, const at::Tensor& output) override {
        const std::size_t order = look(index, latents, output);
        const SolverLevel now = level(index);
        const SolverLevel next = level(index + 1);
        const float h = next.lambda - now.lambda;
        const float gain = next.alpha * (std::exp(-h) - 1);
        const at::Tensor moved = (next.noise / now.noise) * latents - gain * picture(0);
        return order < 2 ? moved : moved - (0.5F * gain) * change(index, 0, h);
    }
};

/// For the stochastic equation, of order two (midpoint) or three, which takes its second order as Heun does.
class DpmppSdeMultistep : public DpmppMultistep {
public:
    DpmppSdeMultistep(const SamplerSettings& settings, const SigmaSchedule& schedule, at::Tensor noise,
                      at::Generator generator, std::size_t order)
        : DpmppMultistep(settings, schedule, std::move(noise), order),
          m_isMidpoint(order == 2),
          m_generator(std::move(generator)) {}

private:
    at::Tensor step(std::size_t index, const at::Tensor& latents, const at::Tensor& output) override {
        const std::size_t order = look(index, latents, output);
        const SolverLevel now = level(index);
        const SolverLevel next = level(index + 1);
        const at::Tensor noise = freshNoise(latents, m_generator);
        if (next.noise == 0) {
            return picture(0);
        }
        const float h = next.lambda - now.lambda;
        if (h == 0) {
            return latents;
        }
        const auto eta = static_cast<float>(settings().eta);
        const float reach = (1 + eta) * h;  // what noise covers up has to be seen through, too
        const float gain = next.alpha * (1 - std::exp(-reach));
        at::Tensor moved = (next.noise / now.noise * std::exp(-eta * h)) * latents + gain * picture(0);
        const float slope = next.alpha * ((1 - std::exp(-reach)) / -reach + 1);
        if (order == 2) {
            moved = moved + (m_isMidpoint ? 0.5F * gain : slope) * change(index, 0, h);
        } else if (order == 3) {
            const at::Tensor last = change(index, 0, h);
            const float r0 = stretch(index, 0, h);
            const at::Tensor bend = (1 / (r0 + stretch(index, 1, h))) * (last - change(index, 1, h));
            const float curve = next.alpha * ((1 - std::exp(-reach) - reach) / (reach * reach) + 0.5F);
            moved = moved + slope * (last + r0 * bend) + curve * bend;
        }
        return moved + (next.noise * std::sqrt(1 - std::exp(-2 * eta * h))) * noise;
    }

    bool m_isMidpoint;
    at::Generator m_generator;
};

constexpr unsigned kReads = SamplerEntry::ZeroSnr | SamplerEntry::FinalSigma | SamplerEntry::Levels;

template <std::size_t kOrder>
std::unique_ptr<Sampler> makeStochastic(const SamplerSettings& settings, int steps, at::Tensor noise,
                                        at::Generator generator) {
    return std::make_unique<DpmppSdeMultistep>(settings, multistepSchedule(settings, steps), std::move(noise),
                                               std::move(generator), kOrder);
}

}  // namespace

const SamplerEntry kDpmpp2m{
    .name = "dpmpp_2m",
    .reads = kReads,
    .stepsFit = multistepStepsFit,
    .make = [](const SamplerSettings& settings, int steps, at::Tensor noise,
               at::Generator) -> std::unique_ptr<Sampler> {
        return std::make_unique<Dpmpp2m>(settings, multistepSchedule(settings, steps), std::move(noise));
    },
};

const SamplerEntry kDpmpp2mSde{
    .name = "dpmpp_2m_sde",
    .reads = kReads,
    .eta = 1,
    .stepsFit = multistepStepsFit,
    .make = makeStochastic<2>,
};

const SamplerEntry kDpmpp3mSde{
    .name = "dpmpp_3m_sde",
    .reads = kReads,
    .eta = 1,
    .stepsFit = multistepStepsFit,
    .make = makeStochastic<3>,
};

}  // namespace easel::diffusion
