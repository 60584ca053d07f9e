// SPDX-License-Identifier: Apache-2.0
#include "tests/benchmark/ops/table.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <iomanip>
#include <iostream>
#include <limits>
#include <sstream>
#include <tuple>

#include "server/diffusion/weights/packed.h"

namespace easel::benchmark_ops {
namespace {

using Clock = std::chrono::steady_clock;

/// Seconds of the fastest run.
double fastest(const std::function<void()>& work) {
    constexpr std::chrono::seconds kEnough{1};
    double least = std::numeric_limits<double>::max();
    for (const auto begun = Clock::now(); Clock::now() - begun < kEnough;) {
        const auto started = Clock::now();
        work();
        least = std::min(least, std::chrono::duration<double>(Clock::now() - started).count());
    }
    return least;
}

double productsPeak(c10::ScalarType precision) {
    constexpr std::int64_t kSide = 2048;
    const at::Tensor x = at::randn({kSide, kSide}).to(precision);
    const at::Tensor weight = diffusion::packed::packedIfWorthIt(x.clone(), 1);
    const double seconds = weight.is_mkldnn()
                               ? fastest([&] { diffusion::packed::linear(x, weight, at::Tensor{}); })
                               : fastest([&] { at::linear(x, weight); });
    return 2.0 * kSide * kSide * kSide / seconds;
}

double copyPeak() {
    constexpr std::int64_t kBytes = std::int64_t{512} << 20;
    const at::Tensor from = at::ones({kBytes}, at::kByte);
    at::Tensor to = at::zeros_like(from);
    return 2.0 * kBytes / fastest([&] { to.copy_(from); });
}

double median(std::vector<double> numbers) {
    const auto middle = numbers.begin() + static_cast<std::ptrdiff_t>(numbers.size() / 2);
    std::nth_element(numbers.begin(), middle, numbers.end());
    return *middle;
}

}  // namespace

double Peaks::of(const Case& measured) const {
    return !measured.multiplies ? bytes : measured.precision == at::kFloat ? fp32 : bf16;
}

Peaks measurePeaks() {
    return {productsPeak(at::kFloat), productsPeak(at::kBFloat16), copyPeak()};
}

Table::Table(const std::vector<Case>& cases, Peaks peaks) : m_peaks(peaks) {
    for (const Case& each : cases) {
        m_cases[each.name()] = &each;
    }
}

bool Table::ReportContext(const Context& context) {
    PrintBasicContext(&std::cerr, context);
    return true;
}

void Table::ReportRuns(const std::vector<Run>& runs) {
    for (const Run& run : runs) {
        const auto found = m_cases.find(run.run_name.function_name);
        if (found == m_cases.end() || run.run_type != Run::RT_Iteration || run.error_occurred) {
            continue;
        }
        const Case& measured = *found->second;
        const double seconds = run.GetAdjustedRealTime() / benchmark::GetTimeUnitMultiplier(run.time_unit);
        m_seconds[&measured].push_back(seconds);
        if (measured.multiplies) {
            double& peak = measured.precision == at::kFloat ? m_peaks.fp32 : m_peaks.bf16;
            peak = std::max(peak, measured.work / seconds);
        }
        std::cerr << measured.name() << ": " << seconds * 1e3 << " ms\n";
    }
}

void Table::Finalize() {
    // Rows in the order of the cases, which are listed whole for each precision and form.
    std::vector<const Case*> order;
    std::map<std::tuple<std::string, std::string, c10::ScalarType>, std::map<Form, const Case*>> rows;
    for (const auto& [measured, seconds] : m_seconds) {
        rows[{measured->operation, measured->shape, measured->precision}][measured->form] = measured;
    }
    for (const auto& [key, forms] : rows) {
        order.push_back(forms.begin()->second);
    }
    std::sort(order.begin(), order.end());  // they lie in one array
    const auto cells = [this](const Case* measured) -> std::string {
        if (measured == nullptr) {
            return " | | |";
        }
        const double seconds = median(m_seconds.at(measured));
        const double rate = measured->work / seconds;
        std::ostringstream text;
        text << std::setprecision(4) << ' ' << seconds * 1e3 << " | " << rate / 1e9
             << (measured->multiplies ? " GFLOP/s | " : " GB/s | ")
             << std::lround(100 * rate / m_peaks.of(*measured)) << " % |";
        return text.str();
    };
    std::cout << "| operation | shape | precision | Easel, ms | rate | share of peak | ATen, ms | rate | "
                 "share of peak | ATen to Easel |\n|---|---|---|---|---|---|---|---|---|---|\n";
    for (const Case* first : order) {
        const auto& forms = rows.at({first->operation, first->shape, first->precision});
        const auto form = [&forms](Form wanted) {
            const auto found = forms.find(wanted);
            return found == forms.end() ? nullptr : found->second;
        };
        const Case* easel = form(Form::Easel);
        const Case* aten = form(Form::ATen);
        std::cout << "| " << first->operation << " | " << first->shape << " | " << nameOf(first->precision)
                  << " |" << cells(easel) << cells(aten) << ' ';
        if (easel != nullptr && aten != nullptr) {
            std::cout << std::setprecision(3) << median(m_seconds.at(aten)) / median(m_seconds.at(easel));
        }
        std::cout << " |\n";
    }
    std::cout << std::setprecision(4) << "\nPeak of this run: fp32 " << m_peaks.fp32 / 1e9
              << " GFLOP/s, bf16 " << m_peaks.bf16 / 1e9 << " GFLOP/s, memory " << m_peaks.bytes / 1e9
              << " GB/s.\n";
}

}  // namespace easel::benchmark_ops
