// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Figures about a running server, in the text format that Prometheus reads (version 0.0.4:
/// https://prometheus.io/docs/instrumenting/exposition_formats/). Names follow its practice: base units,
/// `_total` for what only grows.
namespace easel::metrics {

/// Names and values; few values for each name, for every combination is a series of its own.
using Labels = std::vector<std::pair<std::string, std::string>>;

/// Writes one text: each family once, its samples after it.
class Exposition {
public:
    /// `type` is "counter", "gauge" or "histogram"; `help` is a sentence.
    void family(std::string_view name, std::string_view type, std::string_view help);
    /// Of the family that was begun; `suffix` is "_bucket", "_sum" or "_count" of a histogram.
    void sample(const Labels& labels, double value, std::string_view suffix = {});
    /// A family of one gauge without labels.
    void gauge(std::string_view name, std::string_view help, double value);

    std::string take() { return std::move(m_text); }

private:
    std::string m_name;
    std::string m_text;
};

}  // namespace easel::metrics
