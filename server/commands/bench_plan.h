// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "shared/protocol/generation.h"
#include "shared/protocol/server_info.h"

namespace easel::commands {

/// The requests of a benchmark: with prompts, samplers, schedules, sizes and steps of all kinds, the same for
/// the same `seed`, server and model.
std::vector<protocol::GenerationRequest> benchPlan(const protocol::ServerInfo& server,
                                                   const protocol::ModelInfo& model, int requests,
                                                   std::uint32_t seed);

/// What a number of measurements come to, each the least one that so many per cent do not exceed.
struct Percentiles {
    double p50 = 0;
    double p95 = 0;
    double p99 = 0;
};

/// All 0 without measurements.
Percentiles percentilesOf(std::vector<double> measurements);

/// What came of a number of requests.
struct BenchFigures {
    int pictures = 0;
    int failures = 0;
    std::string firstFailure = {};  ///< why
    double seconds = 0;             ///< from the first request to the last picture
    std::vector<double> untilFirstStep = {};
    std::vector<double> untilDone = {};

    double picturesPerMinute() const { return seconds > 0 ? 60 * pictures / seconds : 0; }
};

/// A table of both for a person.
std::string inWords(const BenchFigures& alone, const BenchFigures& together, int clients);
/// The same for programs.
std::string inJson(const BenchFigures& alone, const BenchFigures& together, int clients);

}  // namespace easel::commands
