// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "shared/protocol/problem.h"

namespace easel::models {

enum class BetaSchedule { Linear, ScaledLinear };
/// What the network answers: the noise, its velocity, or the picture itself.
enum class PredictionType { Epsilon, VPrediction, Sample };
enum class TimestepSpacing { Leading, Linspace, Trailing };
enum class FinalSigma { Zero, SigmaMin };

/// How much noise each training timestep adds.
struct Betas {
    double start = 0.0001;
    double end = 0.02;
    BetaSchedule schedule = BetaSchedule::Linear;

    bool operator==(const Betas&) const = default;
};

/// scheduler/scheduler_config.json. A key whose default depends on the sampler stays empty when the file
/// does not name it: only what a file says outright carries over to another sampler.
struct SchedulerConfig {
    std::string sampler;  ///< the model's own, by its wire name, or the nearest to it
    bool isOwn = true;    ///< it is the model's own
    int trainTimesteps = 1000;
    Betas ownBetas;  ///< what the model's own class takes for those that the file does not name
    std::optional<double> betaStart;
    std::optional<double> betaEnd;
    std::optional<BetaSchedule> betaSchedule;
    std::vector<float> trainedBetas;  ///< instead of all these, when not empty
    PredictionType prediction = PredictionType::Epsilon;
    std::optional<TimestepSpacing> timestepSpacing;
    std::optional<int> stepsOffset;
    std::optional<bool> clipSample;
    std::optional<double> clipSampleRange;
    std::optional<bool> setAlphaToOne;
    std::optional<bool> rescaleBetasZeroSnr;
    std::optional<FinalSigma> finalSigma;
    std::optional<bool> karrasSigmas;
    std::optional<bool> exponentialSigmas;
    std::optional<bool> betaSigmas;
    std::optional<bool> lowerOrderFinal;
    std::optional<bool> eulerAtFinal;
    std::optional<int> originalSteps;  ///< of the schedule that a model was distilled from
    std::optional<double> timestepScaling;
    std::vector<std::string> notes;  ///< what `sampler` does otherwise than the model's own, a sentence each

    bool operator==(const SchedulerConfig&) const = default;
};

/// Reads `file` as diffusers' `className` does, or if that is empty, the class that the file names. What the
/// class does not read is passed over. How it goes from step to step may be done otherwise here, with a note;
/// what else it reads is honoured, or refused by its key.
protocol::Expected<SchedulerConfig> readSchedulerConfig(const std::filesystem::path& file,
                                                        std::string className = {});

}  // namespace easel::models
