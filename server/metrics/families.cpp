// SPDX-License-Identifier: Apache-2.0
#include "server/metrics/families.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include <fmt/core.h>

namespace easel::metrics {

namespace {

Labels with(Labels labels, std::string bound) {
    labels.emplace_back("le", std::move(bound));
    return labels;
}

}  // namespace

void Counters::add(const Labels& labels, double amount) {
    const std::scoped_lock lock(m_mutex);
    m_values[labels] += amount;
}

void Counters::write(Exposition& text) const {
    const std::scoped_lock lock(m_mutex);
    text.family(m_name, "counter", m_help);
    for (const auto& [labels, value] : m_values) {
        text.sample(labels, value);
    }
}

void Histograms::observe(const Labels& labels, double value) {
    const auto place = static_cast<std::size_t>(std::ranges::lower_bound(m_bounds, value) - m_bounds.begin());
    const std::scoped_lock lock(m_mutex);
    Series& series = m_series[labels];
    series.counts.resize(m_bounds.size() + 1);
    ++series.counts[place];
    series.sum += value;
}

void Histograms::write(Exposition& text) const {
    const std::scoped_lock lock(m_mutex);
    text.family(m_name, "histogram", m_help);
    for (const auto& [labels, series] : m_series) {
        std::uint64_t below = 0;
        for (std::size_t i = 0; i < m_bounds.size(); ++i) {
            below += series.counts[i];
            text.sample(with(labels, fmt::format("{}", m_bounds[i])), static_cast<double>(below), "_bucket");
        }
        below += series.counts.back();
        text.sample(with(labels, "+Inf"), static_cast<double>(below), "_bucket");
        text.sample(labels, series.sum, "_sum");
        text.sample(labels, static_cast<double>(below), "_count");
    }
}

}  // namespace easel::metrics
