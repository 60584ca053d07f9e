// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/drawing.h"

#include <ATen/ATen.h>

#include <utility>

namespace easel::diffusion {

Drawing::Drawing(std::unique_ptr<Sampler> sampler, std::shared_ptr<const Guidance> guidance,
                 at::Generator generator)
    : m_sampler(std::move(sampler)), m_guidance(std::move(guidance)), m_generator(std::move(generator)) {}

std::vector<std::int64_t> Drawing::shape() const {
    std::vector<std::int64_t> shape = latents().sizes().slice(1).vec();
    const auto context = conditions().front().context.sizes().slice(1).vec();
    shape.insert(shape.end(), context.begin(), context.end());
    return shape;
}

std::vector<Conditioning> Drawing::conditions() const {
    return m_guidance->conditions(accepted(), evaluations());
}

at::Tensor predict(std::span<const Drawing* const> drawings, const Denoiser& denoiser,
                   c10::ScalarType dtype) {
    std::vector<at::Tensor> inputs;
    std::vector<float> timesteps;
    std::vector<Conditioning> conditions;
    for (const Drawing* const drawing : drawings) {
        const Query query = drawing->m_sampler->next();
        const auto branches = static_cast<std::size_t>(drawing->m_guidance->branches());
        inputs.insert(inputs.end(), branches, query.input.to(dtype));
        timesteps.insert(timesteps.end(), branches, query.timestep);
        const auto now = drawing->conditions();
        conditions.insert(conditions.end(), now.begin(), now.end());
    }
    const at::Tensor x = at::cat(inputs);
    const at::Tensor t = at::tensor(timesteps, at::kFloat).to(x.device());
    return denoiser.predict(x, t, stacked(conditions));
}

void advance(std::span<Drawing* const> drawings, const Denoiser& denoiser, c10::ScalarType dtype) {
    const at::Tensor answers = predict({drawings.data(), drawings.size()}, denoiser, dtype);
    std::int64_t row = 0;
    for (Drawing* const drawing : drawings) {
        const std::int64_t branches = drawing->m_guidance->branches();
        drawing->m_sampler->accept(drawing->m_guidance->combined(answers.slice(0, row, row + branches)));
        row += branches;
    }
}

}  // namespace easel::diffusion
