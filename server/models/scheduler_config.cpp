// SPDX-License-Identifier: Apache-2.0
#include "server/models/scheduler_config.h"

#include <array>
#include <span>
#include <utility>

#include "server/models/json_object.h"

namespace easel::models {

namespace {

template <typename T>
using Names = std::span<const std::pair<std::string_view, T>>;

constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kClasses{{
    {"PNDMScheduler", "pndm"},
    {"DDIMScheduler", "ddim"},
    {"EulerDiscreteScheduler", "euler"},
    {"EulerAncestralDiscreteScheduler", "euler_a"},
    {"DPMSolverMultistepScheduler", "dpmpp_2m"},
}};
constexpr std::array<std::pair<std::string_view, BetaSchedule>, 2> kBetaSchedules{{
    {"linear", BetaSchedule::Linear},
    {"scaled_linear", BetaSchedule::ScaledLinear},
}};
constexpr std::array<std::pair<std::string_view, PredictionType>, 2> kPredictions{{
    {"epsilon", PredictionType::Epsilon},
    {"v_prediction", PredictionType::VPrediction},
}};
constexpr std::array<std::pair<std::string_view, TimestepSpacing>, 3> kSpacings{{
    {"leading", TimestepSpacing::Leading},
    {"linspace", TimestepSpacing::Linspace},
    {"trailing", TimestepSpacing::Trailing},
}};
constexpr std::array<std::pair<std::string_view, FinalSigma>, 2> kFinalSigmas{{
    {"zero", FinalSigma::Zero},
    {"sigma_min", FinalSigma::SigmaMin},
}};

/// The value of `key` by its name; empty when the file does not say.
template <typename T>
std::optional<T> choice(JsonObject& json, const char* key, Names<T> names) {
    if (!json.has(key)) {
        return std::nullopt;
    }
    const std::string text = json.text(key, "");
    std::string known;
    for (const auto& [name, value] : names) {
        if (name == text) {
            return value;
        }
        known += (known.empty() ? "\"" : ", \"") + std::string(name) + "\"";
    }
    json.refuse(key, "is not supported by this engine; it can be one of " + known);
    return std::nullopt;
}

std::optional<bool> flag(JsonObject& json, const char* key) {
    return json.has(key) ? std::optional(json.boolean(key, false)) : std::nullopt;
}

void requireDefaults(JsonObject& json) {
    for (const char* const key : {"thresholding", "use_exponential_sigmas", "use_beta_sigmas",
                                  "use_lu_lambdas", "use_flow_sigmas", "use_dynamic_shifting"}) {
        json.require(key, false);
    }
    json.require("interpolation_type", "linear");
    json.require("timestep_type", "discrete");
    json.require("algorithm_type", "dpmsolver++");
    json.require("solver_type", "midpoint");
    json.require("solver_order", 2);
    for (const char* const key : {"sigma_min", "sigma_max", "variance_type", "lambda_min_clipped"}) {
        json.requireNone(key);
    }
}

void readBetas(JsonObject& json, SchedulerConfig& config) {
    config.trainTimesteps = json.integer("num_train_timesteps", config.trainTimesteps, 2);
    config.betaStart = json.number("beta_start", config.betaStart);
    config.betaEnd = json.number("beta_end", config.betaEnd);
    for (const auto& [key, beta] :
         {std::pair{"beta_start", config.betaStart}, {"beta_end", config.betaEnd}}) {
        if (beta >= 1) {
            json.refuse(key, "must be below 1");
        }
    }
    config.betaSchedule =
        choice<BetaSchedule>(json, "beta_schedule", kBetaSchedules).value_or(config.betaSchedule);
    config.trainedBetas = json.floats("trained_betas");
    if (!config.trainedBetas.empty() &&
        config.trainedBetas.size() != static_cast<std::size_t>(config.trainTimesteps)) {
        json.refuse("trained_betas", "must have num_train_timesteps entries");
    }
    for (const float beta : config.trainedBetas) {
        if (!(beta > 0 && beta < 1)) {
            json.refuse("trained_betas", "must lie between 0 and 1");
        }
    }
}

}  // namespace

protocol::Expected<SchedulerConfig> readSchedulerConfig(const std::filesystem::path& file) {
    auto read = JsonObject::read(file);
    if (!read) {
        return tl::unexpected(std::move(read.error()));
    }
    JsonObject& json = *read;
    SchedulerConfig config;
    const auto sampler = choice<std::string_view>(json, "_class_name", kClasses);
    if (!sampler) {
        json.refuse("_class_name", "must name the scheduler's class");
    }
    config.sampler = sampler.value_or("");
    requireDefaults(json);
    readBetas(json, config);
    config.prediction =
        choice<PredictionType>(json, "prediction_type", kPredictions).value_or(config.prediction);
    config.timestepSpacing = choice<TimestepSpacing>(json, "timestep_spacing", kSpacings);
    config.finalSigma = choice<FinalSigma>(json, "final_sigmas_type", kFinalSigmas);
    if (json.has("steps_offset")) {
        config.stepsOffset = json.integer("steps_offset", 0, 0, config.trainTimesteps - 1);
    }
    if (json.has("clip_sample_range")) {
        config.clipSampleRange = json.number("clip_sample_range", 1);
    }
    config.clipSample = flag(json, "clip_sample");
    config.setAlphaToOne = flag(json, "set_alpha_to_one");
    config.rescaleBetasZeroSnr = flag(json, "rescale_betas_zero_snr");
    config.karrasSigmas = flag(json, "use_karras_sigmas");
    config.lowerOrderFinal = flag(json, "lower_order_final");
    config.eulerAtFinal = flag(json, "euler_at_final");
    // PNDM's own default is to begin with Runge-Kutta steps, which no Stable Diffusion model wants.
    if (config.sampler == "pndm" && !json.boolean("skip_prk_steps", false)) {
        json.refuse("skip_prk_steps", "is not supported by this engine; it can only be true");
    }
    if (json.problem()) {
        return tl::unexpected(*json.problem());
    }
    return config;
}

std::string_view schedulerClassOf(std::string_view sampler) {
    for (const auto& [className, name] : kClasses) {
        if (name == sampler) {
            return className;
        }
    }
    return {};
}

}  // namespace easel::models
