// SPDX-License-Identifier: Apache-2.0
#include "server/commands/bench_plan.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <random>

#include <spdlog/fmt/fmt.h>

namespace easel::commands {

namespace {

constexpr std::array<const char*, 4> kPrompts{"a red fox in the snow", "an owl at night, oil on canvas",
                                              "a small house by the sea", "a bowl of cherries"};

int rounded(double side, const protocol::Limits& limits) {
    const int whole = static_cast<int>(side) / limits.sideMultiple * limits.sideMultiple;
    return std::clamp(whole, limits.minSide, limits.maxSide);
}

/// `"name": {"p50": …}`
std::string percentiles(const char* name, const std::vector<double>& seconds) {
    const Percentiles all = percentilesOf(seconds);
    return fmt::format(R"("{}": {{"p50": {:.4f}, "p95": {:.4f}, "p99": {:.4f}}})", name, all.p50, all.p95,
                       all.p99);
}

std::string object(const BenchFigures& figures) {
    return fmt::format(
        R"({{"pictures": {}, "failures": {}, "seconds": {:.3f}, "pictures_per_minute": {:.2f}, {}, {}}})",
        figures.pictures, figures.failures, figures.seconds, figures.picturesPerMinute(),
        percentiles("first_step_seconds", figures.untilFirstStep),
        percentiles("request_seconds", figures.untilDone));
}

double ratio(const BenchFigures& alone, const BenchFigures& together) {
    const double before = alone.picturesPerMinute();
    return before > 0 ? together.picturesPerMinute() / before : 0;
}

}  // namespace

std::vector<protocol::GenerationRequest> benchPlan(const protocol::ServerInfo& server,
                                                   const protocol::ModelInfo& model, int requests,
                                                   std::uint32_t seed) {
    std::mt19937 random(seed);
    const auto any = [&random](const auto& list) { return list[random() % std::size(list)]; };
    constexpr std::array kShares{0.5, 1.0, 1.0, 1.5};
    std::vector<protocol::GenerationRequest> plan;
    for (int i = 0; i < requests; ++i) {
        protocol::GenerationRequest request;
        request.prompt = model.examplePrompts.empty() ? any(kPrompts) : any(model.examplePrompts);
        request.model = model.id;
        // Two shapes: three quarters of the model's own, the others half as large.
        const double side = random() % 4 == 0 ? 0.5 : 1;
        request.width = rounded(side * model.width, server.limits);
        request.height = rounded(side * model.height, server.limits);
        request.steps = std::clamp(static_cast<int>(std::lround(any(kShares) * model.steps)),
                                   server.limits.minSteps, server.limits.maxSteps);
        if (!server.samplers.empty()) {
            const protocol::SamplerInfo& sampler = server.samplers[random() % server.samplers.size()];
            request.sampler = sampler.name;
            if (!sampler.schedules.empty()) {
                request.schedule = any(sampler.schedules);
            }
        }
        request.seed = static_cast<std::int64_t>(random());
        plan.push_back(std::move(request));
    }
    return plan;
}

Percentiles percentilesOf(std::vector<double> measurements) {
    if (measurements.empty()) {
        return {};
    }
    std::ranges::sort(measurements);
    const auto at = [&](double share) {
        const double rank = std::ceil(share * static_cast<double>(measurements.size()));
        return measurements[static_cast<std::size_t>(std::max(rank, 1.0)) - 1];
    };
    return {at(0.5), at(0.95), at(0.99)};
}

std::string inWords(const BenchFigures& alone, const BenchFigures& together, int clients) {
    const std::string many = fmt::format("{} {}", clients, clients == 1 ? "client" : "clients");
    std::string text = fmt::format("{:<28}{:>20}{:>14}{:>9}\n", "", "one after another", many, "ratio");
    const auto row = [&](const std::string& name, double before, double now) {
        text += fmt::format("{:<28}{:>20.2f}{:>14.2f}{:>9.2f}\n", name, before, now,
                            before > 0 ? now / before : 0);
    };
    row("pictures a minute", alone.picturesPerMinute(), together.picturesPerMinute());
    const auto percentiles = [&](const std::string& name, std::vector<double> BenchFigures::*list) {
        const Percentiles before = percentilesOf(alone.*list);
        const Percentiles now = percentilesOf(together.*list);
        row(name + ", p50 (s)", before.p50, now.p50);
        row(name + ", p95 (s)", before.p95, now.p95);
        row(name + ", p99 (s)", before.p99, now.p99);
    };
    percentiles("to the first step", &BenchFigures::untilFirstStep);
    percentiles("to the picture", &BenchFigures::untilDone);
    if (const int failures = alone.failures + together.failures; failures > 0) {
        text += fmt::format("{} requests failed; the first: {}\n", failures,
                            alone.failures > 0 ? alone.firstFailure : together.firstFailure);
    }
    return text;
}

std::string inJson(const BenchFigures& alone, const BenchFigures& together, int clients) {
    return fmt::format(R"({{"clients": {}, "one_after_another": {}, "together": {}, "ratio": {:.3f}}})",
                       clients, object(alone), object(together), ratio(alone, together)) +
           '\n';
}

}  // namespace easel::commands
