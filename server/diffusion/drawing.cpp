// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/drawing.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <utility>

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
    return m_guidance->conditions(accepted(), evaluations());
}

at::Tensor Drawing::seen() const {
    const at::Tensor picture = m_sampler->seen();
    return m_kept ? (1 - m_kept->mask) * m_kept->picture + m_kept->mask * picture : picture;
}

/// The ControlNets of `drawings` in a pass over their rows. One that some of them do not hold to, or not now,
/// adds nothing to theirs.
std::vector<ControlRows> controlsOf(std::span<const Drawing* const> drawings) {
    std::vector<ControlRows> all;
    for (const Drawing* const first : drawings) {
        for (std::size_t place = 0; place < first->m_controls.size(); ++place) {
            const ControlNet* const network = first->m_controls[place].network.get();
            // Each network at each place once, for all who have it there.
            const auto hasIt = [&](const Drawing* drawing) {
                return place < drawing->m_controls.size() &&
                       drawing->m_controls[place].network.get() == network;
            };
            if (*std::ranges::find_if(drawings, hasIt) != first) {
                continue;
            }
            std::vector<at::Tensor> hints;
            std::vector<float> strengths;
            for (const Drawing* const drawing : drawings) {
                const Control* const control = hasIt(drawing) ? &drawing->m_controls[place] : nullptr;
                const auto rows = static_cast<std::size_t>(drawing->branches());
                const std::size_t skipped = drawing->skipped();
                const double strength =
                    control != nullptr
                        ? control->strengthAt(drawing->accepted() - skipped, drawing->evaluations() - skipped)
                        : 0;
                strengths.insert(strengths.end(), rows, static_cast<float>(strength));
                hints.insert(hints.end(), rows,
                             (control != nullptr ? *control : first->m_controls[place]).hint);
            }
            if (std::ranges::any_of(strengths, [](float strength) { return strength != 0; })) {
                const auto count = static_cast<std::int64_t>(strengths.size());
                all.push_back(
                    {network, at::cat(hints), at::tensor(strengths, at::kFloat).view({count, 1, 1, 1})});
            }
        }
    }
    return all;
}

at::Tensor predict(std::span<const Drawing* const> drawings, const Denoiser& denoiser, c10::ScalarType dtype,
                   Rows rows) {
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
    const auto controls = controlsOf(drawings);
    const std::int64_t together = rows == Rows::Together ? x.size(0) : 1;
    std::vector<at::Tensor> answers;
    for (std::int64_t row = 0; row < x.size(0); row += together) {
        const at::Tensor input = x.slice(0, row, row + together);
        const at::Tensor timestep = t.slice(0, row, row + together);
        const Conditioning asked =
            stacked({conditions.data() + static_cast<std::size_t>(row), static_cast<std::size_t>(together)});
        Residuals residuals;
        for (const ControlRows& control : controls) {
            residuals.add(residualsOf(control.slice(row, row + together), input, timestep, asked));
        }
        answers.push_back(denoiser.predict(input, timestep, asked, residuals));
    }
    return answers.size() == 1 ? answers.front() : at::cat(answers);
}

void advance(std::span<Drawing* const> drawings, const Denoiser& denoiser, c10::ScalarType dtype, Rows rows) {
    const at::Tensor answers = predict({drawings.data(), drawings.size()}, denoiser, dtype, rows);
    std::int64_t row = 0;
    for (Drawing* const drawing : drawings) {
        const std::int64_t branches = drawing->m_guidance->branches();
        drawing->m_sampler->accept(drawing->m_guidance->combined(answers.slice(0, row, row + branches)));
        if (const auto& kept = drawing->m_kept) {
            drawing->m_sampler->keep(kept->picture, kept->noise, kept->mask);
        }
        row += branches;
    }
}

}  // namespace easel::diffusion
