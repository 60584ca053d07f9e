// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <benchmark/benchmark.h>

#include <map>
#include <string>
#include <vector>

#include "tests/benchmark/ops/cases.h"

namespace easel::benchmark_ops {

/// What the machine does at most: operations a second in each precision, and bytes that are read and written.
struct Peaks {
    double fp32 = 0;
    double bf16 = 0;
    double bytes = 0;

    double of(const Case& measured) const;
};

/// Measured by products and a copy, all larger than the caches.
Peaks measurePeaks();

/// Prints what was measured as a table in Markdown, Easel's form beside libtorch's.
class Table : public benchmark::BenchmarkReporter {
public:
    /// `cases` outlives it.
    Table(const std::vector<Case>& cases, Peaks peaks);

    bool ReportContext(const Context& context) override;
    void ReportRuns(const std::vector<Run>& runs) override;
    void Finalize() override;

private:
    std::map<std::string, const Case*> m_cases;
    std::map<const Case*, std::vector<double>> m_seconds;  // of each repetition
    Peaks m_peaks;
};

}  // namespace easel::benchmark_ops
