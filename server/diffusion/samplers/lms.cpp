// SPDX-License-Identifier: Apache-2.0
#include <ATen/ATen.h>

#include <array>
#include <deque>

#include "server/diffusion/samplers/registry.h"
#include "server/diffusion/samplers/sigma_sampler.h"

namespace easel::diffusion {
namespace {

constexpr std::size_t kOrder = 4;

/// The polynomial of least degree that is 1 at `nodes[one]` and 0 at the other nodes, integrated from 0 to
/// `end`. It is of third degree at most, so this is exact.
double integralOfBasis(const std::vector<double>& nodes, std::size_t one, double end) {
    std::array<double, kOrder> polynomial{1};  // by ascending power
    double divisor = 1;
    for (std::size_t k = 0; k < nodes.size(); ++k) {
        if (k == one) {
            continue;
        }
        for (std::size_t power = kOrder - 1; power > 0; --power) {
            polynomial[power] = polynomial[power - 1] - nodes[k] * polynomial[power];
        }
        polynomial[0] *= -nodes[k];
        divisor *= nodes[one] - nodes[k];
    }
    double sum = 0;
    for (std::size_t power = kOrder; power > 0; --power) {
        sum = (sum + polynomial[power - 1] / static_cast<double>(power)) * end;
    }
    return sum / divisor;
}

/// Linear multistep: the slope is extrapolated from up to four, as a polynomial in sigma.
class Lms : public SigmaSampler {
public:
    Lms(const SamplerSettings& settings, const SigmaSchedule& schedule, const at::Tensor& noise)
        : SigmaSampler(settings, schedule, noise) {}

private:
    at::Tensor step(std::size_t index, const at::Tensor& latents, const at::Tensor& output) override {
        m_slopes.push_front(derivative(index, latents, output));
        if (m_slopes.size() > kOrder) {
            m_slopes.pop_back();
        }
        // Counted from the level at hand, so that nothing cancels.
        const double here = sigma(index);
        std::vector<double> nodes;
        for (std::size_t i = 0; i < m_slopes.size(); ++i) {
            nodes.push_back(sigma(index - i) - here);
        }
        at::Tensor moved = latents;
        for (std::size_t i = 0; i < m_slopes.size(); ++i) {
            moved = moved + integralOfBasis(nodes, i, sigma(index + 1) - here) * m_slopes[i];
        }
        return moved;
    }

    std::deque<at::Tensor> m_slopes;  // newest first
};

}  // namespace

const SamplerEntry kLms{
    .name = "lms",
    .reads = SamplerEntry::Levels,
    .stepsFit = sigmaStepsFit,
    .make = [](const SamplerSettings& settings, int steps, at::Tensor noise,
               at::Generator) -> std::unique_ptr<Sampler> {
        return std::make_unique<Lms>(settings, sigmaSchedule(settings, steps), noise);
    },
};

}  // namespace easel::diffusion
