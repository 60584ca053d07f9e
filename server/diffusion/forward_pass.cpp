// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/forward_pass.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <utility>

namespace easel::diffusion {

bool ForwardPass::sharesBatch(const Drawing& one, const Drawing& other) {
    return one.isShort() == other.isShort() && one.m_hurry.tokenMerging == other.m_hurry.tokenMerging;
}

/// The ControlNets of `drawings` in a pass over their rows. One that some of them do not hold to, or not now,
/// adds nothing to theirs.
std::vector<ControlRows> ForwardPass::controlsOf(std::span<const Drawing* const> drawings) {
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

Outcome ForwardPass::together(std::span<const Drawing* const> drawings, const Denoiser& denoiser,
                              c10::ScalarType dtype, Rows rows) {
    std::vector<at::Tensor> inputs;
    std::vector<float> timesteps;
    std::vector<Conditioning> conditions;
    std::vector<at::Tensor> known;
    const bool isShort = drawings.front()->isShort();
    for (const Drawing* const drawing : drawings) {
        const Query query = drawing->m_sampler->next();
        const auto asked = drawing->m_guidance->asked(drawing->now());
        inputs.insert(inputs.end(), asked.size(), query.input.to(dtype));
        timesteps.insert(timesteps.end(), asked.size(), query.timestep);
        const auto now = drawing->conditions();
        conditions.insert(conditions.end(), now.begin(), now.end());
        if (isShort) {
            known.push_back(drawing->m_features.of(asked));
        }
    }
    const at::Tensor x = at::cat(inputs);
    const at::Tensor t = at::tensor(timesteps, at::kFloat).to(x.device());
    const at::Tensor earlier = isShort ? at::cat(known) : at::Tensor();
    const bool isKept =
        !isShort && std::ranges::any_of(drawings, [](const Drawing* each) { return each->keepsFeatures(); });
    const auto controls = controlsOf(drawings);
    const std::int64_t together = rows == Rows::Together ? x.size(0) : 1;
    std::vector<at::Tensor> answers;
    std::vector<at::Tensor> features;
    for (std::int64_t row = 0; row < x.size(0); row += together) {
        const auto some = [&](const at::Tensor& all) { return all.slice(0, row, row + together); };
        const at::Tensor input = some(x);
        const at::Tensor timestep = some(t);
        const Conditioning asked =
            stacked({conditions.data() + static_cast<std::size_t>(row), static_cast<std::size_t>(together)});
        Residuals residuals;
        for (const ControlRows& control : controls) {
            residuals.add(residualsOf(control.slice(row, row + together), input, timestep, asked, isShort));
        }
        Shortcuts shortcuts{.tokenMerging = drawings.front()->m_hurry.tokenMerging};
        at::Tensor left;
        if (isShort) {
            shortcuts.features = some(earlier);
        } else if (isKept) {
            shortcuts.leave = &left;
        }
        answers.push_back(denoiser.predict(input, timestep, asked, residuals, shortcuts));
        if (isKept) {
            features.push_back(std::move(left));
        }
    }
    const auto joined = [](const std::vector<at::Tensor>& parts) {
        return parts.size() == 1 ? parts.front() : at::cat(parts);
    };
    return {joined(answers), isKept ? joined(features) : at::Tensor()};
}

std::vector<Outcome> ForwardPass::over(std::span<const Drawing* const> drawings, const Denoiser& denoiser,
                                       c10::ScalarType dtype, Rows rows) {
    std::vector<Outcome> outcomes(drawings.size());
    for (const Drawing* const first : drawings) {
        std::vector<const Drawing*> batch;
        std::vector<Outcome*> theirs;
        for (std::size_t i = 0; i < drawings.size(); ++i) {
            if (!outcomes[i].answers.defined() && sharesBatch(*drawings[i], *first)) {
                batch.push_back(drawings[i]);
                theirs.push_back(&outcomes[i]);
            }
        }
        if (batch.empty()) {
            continue;
        }
        const Outcome all = together(batch, denoiser, dtype, rows);
        std::int64_t row = 0;
        for (std::size_t i = 0; i < batch.size(); ++i) {
            const std::int64_t end = row + batch[i]->branches();
            theirs[i]->answers = all.answers.slice(0, row, end);
            if (all.features.defined() && batch[i]->keepsFeatures()) {
                theirs[i]->features = all.features.slice(0, row, end);
            }
            row = end;
        }
    }
    return outcomes;
}

}  // namespace easel::diffusion
