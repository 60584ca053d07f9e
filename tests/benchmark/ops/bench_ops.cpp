// SPDX-License-Identifier: Apache-2.0
// Measures the operations of the networks one by one, and prints a table in Markdown. It takes the flags of
// Google Benchmark; with --benchmark_format=json it prints what that does.
#include <ATen/Parallel.h>
#include <benchmark/benchmark.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "tests/benchmark/ops/cases.h"
#include "tests/benchmark/ops/table.h"

namespace {

using namespace easel::benchmark_ops;

void measure(benchmark::State& state, const Case& measured) {
    const std::function<void()> work = measured.prepare();
    work();  // oneDNN makes its kernels when they are first used
    while (state.KeepRunning()) {
        work();
    }
    state.counters[measured.multiplies ? "FLOP/s" : "B/s"] =
        benchmark::Counter(measured.work, benchmark::Counter::kIsIterationInvariantRate);
}

}  // namespace

int main(int argc, char** argv) {
    const bool asTable = std::none_of(argv + 1, argv + argc, [](std::string_view argument) {
        return argument.starts_with("--benchmark_format");
    });
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) {
        return 2;
    }
    const c10::InferenceMode inference;
    const std::vector<Case> cases = allCases();
    for (const Case& each : cases) {
        benchmark::RegisterBenchmark(each.name().c_str(), measure, std::cref(each))
            ->UseRealTime()
            ->MeasureProcessCPUTime();
    }
    if (asTable) {
        Table table(cases, measurePeaks());
        benchmark::RunSpecifiedBenchmarks(&table);
    } else {
        benchmark::RunSpecifiedBenchmarks();
    }
    return EXIT_SUCCESS;
}
