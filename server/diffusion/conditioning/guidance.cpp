// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/conditioning/guidance.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "server/diffusion/networks/ops.h"

namespace easel::diffusion {

Speech::Speech(Conditioning always)
    : conditions{std::move(always)}, stretches{{std::numeric_limits<int>::max(), 0}} {}

const Conditioning& Speech::at(int step) const {
    const auto now = std::ranges::find_if(stretches, [step](const auto& each) { return step < each.until; });
    return conditions[(now == stretches.end() ? stretches.back() : *now).condition];
}

Guidance::Guidance(Speech positive, int steps) : m_branches{std::move(positive)}, m_steps(steps) {}

Guidance::Guidance(Speech negative, std::vector<Speech> positive, double scale, int steps, double rescale)
    : m_branches{std::move(negative)}, m_steps(steps), m_rescale(rescale) {
    for (Speech& speech : positive) {
        m_directions.push_back({0, m_branches.size(), speech.weight * scale});
        m_branches.push_back(std::move(speech));
    }
}

Guidance::Guidance(std::vector<Speech> branches, std::vector<Direction> directions, int steps)
    : m_branches(std::move(branches)), m_directions(std::move(directions)), m_steps(steps) {}

Guidance Guidance::withChannels(const at::Tensor& channels) const {
    Guidance other = *this;
    for (Speech& branch : other.m_branches) {
        for (Conditioning& condition : branch.conditions) {
            condition.concat = channels;
        }
    }
    return other;
}

/// Samplers that ask twice in a step, or once more at the beginning, are at the same step as others.
std::vector<Conditioning> Guidance::conditions(std::size_t done, std::size_t all) const {
    const int step = static_cast<int>(done * static_cast<std::size_t>(m_steps) / all);
    std::vector<Conditioning> conditions;
    for (const Speech& branch : m_branches) {
        conditions.push_back(branch.at(step));
    }
    return conditions;
}

at::Tensor Guidance::combined(const at::Tensor& answers) const {
    const auto answer = [&answers](std::size_t branch) {
        const auto row = static_cast<std::int64_t>(branch);
        return answers.slice(0, row, row + 1);
    };
    at::Tensor all = answer(0);
    for (const Direction& direction : m_directions) {
        all = ops::guide(all, answer(direction.from), answer(direction.to), direction.scale);
    }
    if (m_rescale > 0) {
        // Of one picture, so over C, H and W.
        const at::Tensor tamed = all * (answer(m_directions.front().to).std() / all.std());
        return m_rescale * tamed + (1 - m_rescale) * all;
    }
    return all;
}

}  // namespace easel::diffusion
