// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "server/metrics/exposition.h"

namespace easel::metrics {

/// A number for each combination of labels, which only grows. From any thread.
class Counters {
public:
    Counters(std::string name, std::string help) : m_name(std::move(name)), m_help(std::move(help)) {}

    /// `amount` of 0 makes the series known, so that its growth is seen from the beginning.
    void add(const Labels& labels, double amount = 1);
    void write(Exposition& text) const;

private:
    const std::string m_name;
    const std::string m_help;
    mutable std::mutex m_mutex;
    std::map<Labels, double> m_values;
};

/// How often a measure was at most each of some bounds, for each combination of labels. From any thread.
class Histograms {
public:
    /// `bounds` grow.
    Histograms(std::string name, std::string help, std::vector<double> bounds)
        : m_name(std::move(name)), m_help(std::move(help)), m_bounds(std::move(bounds)) {}

    void observe(const Labels& labels, double value);
    void write(Exposition& text) const;

private:
    struct Series {
        std::vector<std::uint64_t> counts;  // one for each bound, not summed up, and one for what is above
        double sum = 0;
    };

    const std::string m_name;
    const std::string m_help;
    const std::vector<double> m_bounds;
    mutable std::mutex m_mutex;
    std::map<Labels, Series> m_series;
};

}  // namespace easel::metrics
