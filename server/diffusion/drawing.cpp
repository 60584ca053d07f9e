// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/drawing.h"

#include <ATen/ATen.h>

#include <utility>

#include "server/diffusion/forward_pass.h"

namespace easel::diffusion {

Drawing::Drawing(std::unique_ptr<Sampler> sampler, std::shared_ptr<const Guidance> guidance,
                 at::Generator generator, std::optional<Kept> kept)
    : m_sampler(std::move(sampler)),
      m_guidance(std::move(guidance)),
      m_generator(std::move(generator)),
      m_kept(std::move(kept)) {}

std::vector<std::int64_t> Drawing::shape() const {
    std::vector<std::int64_t> shape = latents().sizes().slice(1).vec();
    const auto context = conditions().front().context.sizes().slice(1).vec();
    shape.insert(shape.end(), context.begin(), context.end());
    return shape;
}

std::vector<Conditioning> Drawing::conditions() const {
    return m_guidance->conditions(now());
}

at::Tensor Drawing::seen() const {
    const at::Tensor picture = m_sampler->seen();
    return m_kept ? (1 - m_kept->mask) * m_kept->picture + m_kept->mask * picture : picture;
}

bool Drawing::isShort() const {
    if (m_hurry.deepcacheInterval <= 1 || !m_features.has(m_guidance->asked(now()))) {
        return false;
    }
    const Moment own{accepted(), evaluations(), skipped()};
    const int steps = m_guidance->steps();
    return (own.step(steps) - own.firstStep(steps)) % m_hurry.deepcacheInterval != 0;
}

void Drawing::accept(const Outcome& outcome) {
    const Moment then = now();
    if (outcome.features.defined()) {
        m_features.keep(m_guidance->asked(then), outcome.features);
    }
    m_sampler->accept(m_guidance->combined(outcome.answers, then));
    if (m_kept) {
        m_sampler->keep(m_kept->picture, m_kept->noise, m_kept->mask);
    }
    if (done()) {
        m_features.clear();
    }
}

at::Tensor predict(std::span<const Drawing* const> drawings, const Denoiser& denoiser, c10::ScalarType dtype,
                   Rows rows) {
    std::vector<at::Tensor> answers;
    for (Outcome& outcome : ForwardPass::over(drawings, denoiser, dtype, rows)) {
        answers.push_back(std::move(outcome.answers));
    }
    return answers.size() == 1 ? answers.front() : at::cat(answers);
}

void advance(std::span<Drawing* const> drawings, const Denoiser& denoiser, c10::ScalarType dtype, Rows rows) {
    const auto outcomes = ForwardPass::over({drawings.data(), drawings.size()}, denoiser, dtype, rows);
    for (std::size_t i = 0; i < drawings.size(); ++i) {
        drawings[i]->accept(outcomes[i]);
    }
}

}  // namespace easel::diffusion
