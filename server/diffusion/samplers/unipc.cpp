// SPDX-License-Identifier: Apache-2.0
#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "server/diffusion/samplers/registry.h"
#include "server/diffusion/samplers/sigma_schedule.h"
#include "server/diffusion/samplers/solver_level.h"

namespace easel::diffusion {
namespace {

constexpr std::size_t kOrder = 2;

/// Predicts a step, and corrects it once the network has seen where it led to: of order two, for the picture,
/// in the variant B2. https://arxiv.org/abs/2302.04867, algorithms 5 and 8
class UniPc : public Sampler {
public:
    UniPc(const SamplerSettings& settings, const SigmaSchedule& schedule, at::Tensor noise)
        : Sampler(schedule.timesteps, std::move(noise)), m_settings(settings), m_sigmas(schedule.sigmas) {}

private:
    at::Tensor step(std::size_t index, const at::Tensor& latents, const at::Tensor& output) override {
        const at::Tensor picture = pictureAt(index, latents, output);
        const at::Tensor start = m_start.defined() ? corrected(index, latents, picture) : latents;
        m_before = std::exchange(m_picture, picture);
        m_order = orderAt(index);
        m_start = start;
        return predicted(index, start);
    }

    at::Tensor pictureAt(std::size_t index, const at::Tensor& latents,
                         const at::Tensor& output) const override {
        return pictureIn(latents, output, level(index).mixture(), m_settings.prediction);
    }

    at::Tensor noised(std::size_t index, const at::Tensor& picture, const at::Tensor& noise) const override {
        return level(index).alpha * picture + level(index).noise * noise;
    }

    SolverLevel level(std::size_t index) const { return SolverLevel(m_sigmas[index]); }

    std::size_t orderAt(std::size_t index) const {
        const std::size_t left = timesteps().size() - index;
        const bool lower = m_settings.lowerOrderFinal || m_sigmas.back() == 0;
        const std::size_t most = lower ? std::min(kOrder, left) : kOrder;
        return std::min(most, index - begin() + 1);
    }

    /// How far apart two levels are. In double: what is taken of it cancels for short steps.
    double length(std::size_t from, std::size_t to) const {
        return double{level(to).lambda} - double{level(from).lambda};
    }

    /// The step's part of first order, from `index`.
    at::Tensor moved(std::size_t index, const at::Tensor& start, const at::Tensor& picture) const {
        const SolverLevel next = level(index + 1);
        return (next.noise / level(index).noise) * start - (next.alpha * gain(index)) * picture;
    }

    float gain(std::size_t index) const { return static_cast<float>(std::expm1(-length(index, index + 1))); }

    at::Tensor predicted(std::size_t index, const at::Tensor& start) const {
        const at::Tensor first = moved(index, start, m_picture);
        if (m_order < 2) {
            return first;
        }
        const double ratio = length(index, index - 1) / length(index, index + 1);
        const at::Tensor change = (m_before - m_picture) / ratio;
        return first - (level(index + 1).alpha * gain(index)) * (0.5 * change);
    }

    /// Where the step before `index` should have led to, now that the network sees `picture` at its end.
    at::Tensor corrected(std::size_t index, const at::Tensor& latents, const at::Tensor& picture) const {
        const std::size_t from = index - 1;
        const double h = length(from, index);
        if (h == 0) {
            return latents;
        }
        at::Tensor correction = 0.5 * (picture - m_picture);
        if (m_order == 2) {
            // Weights that fit both the first and the second power of time.
            const double scale = std::expm1(-h);
            const double once = scale / -h - 1;
            const double b1 = once / scale;
            const double b2 = 2 * (once / -h - 0.5) / scale;
            const double ratio = length(from, from - 1) / h;
            const double before = (b1 - b2) / (1 - ratio);
            correction = before * ((m_before - m_picture) / ratio) + (b1 - before) * (picture - m_picture);
        }
        return moved(from, m_start, m_picture) - (level(index).alpha * gain(from)) * correction;
    }

    SamplerSettings m_settings;
    std::vector<float> m_sigmas;
    at::Tensor m_start;    // the latents that the last step began with
    at::Tensor m_picture;  // what was seen in them
    at::Tensor m_before;   // and a step earlier
    std::size_t m_order = 0;
};

}  // namespace

const SamplerEntry kUniPc{
    .name = "unipc",
    .reads = SamplerEntry::ZeroSnr | SamplerEntry::FinalSigma | SamplerEntry::Levels,
    .stepsFit = multistepStepsFit,
    .make = [](const SamplerSettings& settings, int steps, at::Tensor noise,
               at::Generator) -> std::unique_ptr<Sampler> {
        return std::make_unique<UniPc>(settings, multistepSchedule(settings, steps), std::move(noise));
    },
};

}  // namespace easel::diffusion
