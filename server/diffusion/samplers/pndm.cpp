// SPDX-License-Identifier: Apache-2.0
#include <ATen/ATen.h>

#include <cmath>
#include <deque>
#include <utility>

#include "server/diffusion/samplers/noise_schedule.h"
#include "server/diffusion/samplers/prediction.h"
#include "server/diffusion/samplers/registry.h"
#include "server/diffusion/samplers/timesteps.h"

namespace easel::diffusion {
namespace {

/// The second timestep is visited twice: the method warms up with a step of order two.
std::vector<double> plmsTimesteps(const SamplerSettings& settings, int steps) {
    auto timesteps = rounded(spacedTimesteps(settings, steps));
    if (timesteps.size() > 1) {
        timesteps.insert(timesteps.begin() + 1, timesteps[1]);
    }
    return timesteps;
}

/// Pseudo linear multistep: extrapolates the noise from up to four answers.
/// https://arxiv.org/abs/2202.09778, without the Runge-Kutta start.
class Pndm : public Sampler {
public:
    Pndm(const SamplerSettings& settings, int steps, at::Tensor noise)
        : Sampler(plmsTimesteps(settings, steps), std::move(noise)),
          m_settings(settings),
          m_alphas(alphasCumprod(settings)),
          m_stride(settings.trainTimesteps / steps) {}

private:
    at::Tensor step(std::size_t index, const at::Tensor& latents, const at::Tensor& output) override {
        const int t = static_cast<int>(timesteps()[index]);
        if (index == begin() + 1) {  // the second look at the first step
            const at::Tensor mean = (output + m_answers.front()) / 2;
            return move(std::exchange(m_first, {}), t + m_stride, t, mean);
        }
        if (index == begin()) {
            m_first = latents;
        }
        m_answers.push_front(output);
        if (m_answers.size() > 4) {
            m_answers.pop_back();
        }
        return move(latents, t, t - m_stride, extrapolated());
    }

    at::Tensor pictureAt(std::size_t index, const at::Tensor& latents,
                         const at::Tensor& output) const override {
        return pictureIn(latents, output, mixtureAt(alphaAt(static_cast<int>(timesteps()[index]))),
                         m_settings.prediction);
    }

    at::Tensor noised(std::size_t index, const at::Tensor& picture, const at::Tensor& noise) const override {
        return noisedAt(m_alphas.at(static_cast<std::size_t>(timesteps()[index])), picture, noise);
    }

    at::Tensor extrapolated() const {
        const auto& e = m_answers;  // newest first
        switch (e.size()) {
            case 1:
                return e[0];
            case 2:
                return (3 * e[0] - e[1]) / 2;
            case 3:
                return (23 * e[0] - 16 * e[1] + 5 * e[2]) / 12;
            default:
                return (1.0 / 24) * (55 * e[0] - 59 * e[1] + 37 * e[2] - 9 * e[3]);
        }
    }

    float alphaAt(int t) const {
        const bool pastTheEnd = t < 0;
        return pastTheEnd ? (m_settings.setAlphaToOne ? 1.0F : m_alphas.front())
                          : m_alphas.at(static_cast<std::size_t>(t));
    }

    /// Formula 9 of the paper.
    at::Tensor move(const at::Tensor& latents, int from, int to, const at::Tensor& answer) const {
        const float a = alphaAt(from);
        const float p = alphaAt(to);
        const at::Tensor noise = noiseIn(latents, answer, mixtureAt(a), m_settings.prediction);
        const float divisor = a * std::sqrt(1 - p) + std::sqrt(a * (1 - a) * p);
        return std::sqrt(p / a) * latents - (p - a) * noise / divisor;
    }

    SamplerSettings m_settings;
    std::vector<float> m_alphas;
    int m_stride;
    std::deque<at::Tensor> m_answers;
    at::Tensor m_first;
};

}  // namespace

const SamplerEntry kPndm{
    .name = "pndm",
    .reads = SamplerEntry::LastAlpha,
    .spacing = models::TimestepSpacing::Leading,
    .stepsFit = timestepsFit,
    .make = [](const SamplerSettings& settings, int steps, at::Tensor noise, at::Generator)
        -> std::unique_ptr<Sampler> { return std::make_unique<Pndm>(settings, steps, std::move(noise)); },
};

}  // namespace easel::diffusion
