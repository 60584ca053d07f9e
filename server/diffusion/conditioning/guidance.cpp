// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/conditioning/guidance.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <span>
#include <utility>

#include "server/diffusion/gpu/kernels.h"
#include "server/diffusion/networks/ops.h"
#include "shared/protocol/accelerations.h"

namespace easel::diffusion {
namespace {

at::Tensor answerOf(const at::Tensor& answers, std::size_t branch) {
    const auto row = static_cast<std::int64_t>(branch);
    return answers.slice(0, row, row + 1);
}

/// In one pass where a GPU has a kernel for it, or else undefined.
at::Tensor guided(const at::Tensor& answers, std::span<const Guidance::Direction> directions) {
    const auto* const own = gpu::trusted(gpu::Op::Guide, answers);
    if (own == nullptr || directions.empty()) {
        return {};
    }
    std::vector<gpu::Way> ways;
    for (const auto& direction : directions) {
        ways.push_back({static_cast<std::int32_t>(direction.from), static_cast<std::int32_t>(direction.to),
                        static_cast<float>(direction.scale)});
    }
    return own->guide(answers, ways);
}

}  // namespace

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

Guidance Guidance::within(double from, double to) const {
    Guidance other = *this;
    other.m_from = from;
    other.m_to = to;
    return other;
}

bool Guidance::isGuided(const Moment& now) const {
    if (m_from <= 0 && m_to >= 1) {
        return true;
    }
    const int first = now.firstStep(m_steps);
    return protocol::isWithin(m_from, m_to, now.step(m_steps) - first, m_steps - first);
}

std::vector<std::size_t> Guidance::asked(const Moment& now) const {
    const auto isOfPrompt = [this](const Direction& each) { return each.from == m_directions.front().from; };
    // Prompts that are joined are compared with the negative one without guidance, too.
    if (!isGuided(now) && std::ranges::count_if(m_directions, isOfPrompt) == 1) {
        return {m_directions.front().to};
    }
    std::vector<std::size_t> all(m_branches.size());
    std::iota(all.begin(), all.end(), std::size_t{0});
    return all;
}

std::vector<Conditioning> Guidance::conditions(const Moment& now) const {
    std::vector<Conditioning> conditions;
    for (const std::size_t branch : asked(now)) {
        conditions.push_back(m_branches[branch].at(now.step(m_steps)));
    }
    return conditions;
}

/// As with a scale of 1.
at::Tensor Guidance::unguided(const at::Tensor& answers) const {
    if (answers.size(0) == 1) {
        return answers;
    }
    const std::size_t from = m_directions.front().from;
    const at::Tensor start = answerOf(answers, from);
    at::Tensor all = start;
    for (const Direction& direction : m_directions) {
        if (direction.from == from) {
            all = ops::guide(all, start, answerOf(answers, direction.to), m_branches[direction.to].weight);
        }
    }
    return all;
}

at::Tensor Guidance::combined(const at::Tensor& answers, const Moment& now) const {
    if (!isGuided(now)) {
        return unguided(answers);
    }
    const auto answer = [&answers](std::size_t branch) { return answerOf(answers, branch); };
    at::Tensor all = guided(answers, m_directions);
    if (!all.defined()) {
        all = answer(0);
        for (const Direction& direction : m_directions) {
            all = ops::guide(all, answer(direction.from), answer(direction.to), direction.scale);
        }
    }
    if (m_rescale > 0) {
        // Of one picture, so over C, H and W.
        const at::Tensor tamed = all * (answer(m_directions.front().to).std() / all.std());
        return m_rescale * tamed + (1 - m_rescale) * all;
    }
    return all;
}

}  // namespace easel::diffusion
