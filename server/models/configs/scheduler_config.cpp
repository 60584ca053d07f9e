// SPDX-License-Identifier: Apache-2.0
#include "server/models/configs/scheduler_config.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include <fmt/core.h>

#include "server/models/configs/scheduler_class.h"
#include "server/models/files/json_object.h"

namespace easel::models {

namespace {

template <typename T>
using Names = std::span<const std::pair<std::string_view, T>>;

constexpr std::array<std::pair<std::string_view, BetaSchedule>, 2> kBetaSchedules{{
    {"linear", BetaSchedule::Linear},
    {"scaled_linear", BetaSchedule::ScaledLinear},
}};
constexpr std::array<std::pair<std::string_view, PredictionType>, 3> kPredictions{{
    {"epsilon", PredictionType::Epsilon},
    {"v_prediction", PredictionType::VPrediction},
    {"sample", PredictionType::Sample},
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

constexpr std::array kLevelFlags{"use_karras_sigmas", "use_exponential_sigmas", "use_beta_sigmas"};

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

/// The value of a key that the class may not read: one that is not known says nothing then.
template <typename T>
std::optional<T> leftover(JsonObject& json, const char* key, Names<T> names) {
    const std::string text = json.text(key, "");
    const auto found =
        std::find_if(names.begin(), names.end(), [&](const auto& each) { return each.first == text; });
    return found == names.end() ? std::nullopt : std::optional(found->second);
}

/// A flag that is null is off, as Python has it.
std::optional<bool> flag(JsonObject& json, const char* key) {
    return json.has(key) || json.isNull(key) ? std::optional(json.boolean(key, false)) : std::nullopt;
}

/// What changes which picture there is to find, not just the way to it.
void requireDefaults(JsonObject& json, const SchedulerClass& own) {
    const auto reads = [&own](auto key) { return own.doesRead(key); };
    if (reads(SchedulerClass::Thresholding)) {
        json.require("thresholding", false);
    }
    if (reads(SchedulerClass::Flow)) {
        json.require("use_flow_sigmas", false);
        json.require("use_dynamic_shifting", false);
    }
    if (reads(SchedulerClass::LambdaMin)) {
        json.requireNone("lambda_min_clipped");
    }
    if (reads(SchedulerClass::LearnedVariance)) {
        const std::string variance = json.text("variance_type", "");
        if (variance == "learned" || variance == "learned_range") {
            json.refuse("variance_type", "is not supported by this engine: the UNet would have to tell it");
        }
    }
    if (reads(SchedulerClass::Levels)) {
        const auto flags =
            std::ranges::count_if(kLevelFlags, [&](const char* key) { return json.boolean(key, false); });
        if (flags > 1) {
            json.refuse(
                kLevelFlags.front(),
                "is one of three ways to spread the levels, and the file asks for more than one of them");
        }
        if (flags > 0) {
            json.requireNone("sigma_min");
            json.requireNone("sigma_max");
        }
    }
    if (reads(SchedulerClass::Interpolation)) {
        json.require("interpolation_type", "linear");
        json.require("timestep_type", "discrete");
    }
}

/// The sampler that stands for the class as the file has it.
std::string samplerOf(JsonObject& json, const SchedulerClass& own) {
    const bool isStochastic =
        own.doesRead(SchedulerClass::DpmSolver) && json.text("algorithm_type", "") == "sde-dpmsolver++";
    return isStochastic ? "dpmpp_2m_sde" : std::string(own.sampler);
}

/// How the class itself would go from step to step, where the sampler that stands for it cannot: one note
/// each.
std::vector<std::string> otherWays(JsonObject& json, const SchedulerClass& own) {
    std::vector<std::string> notes;
    if (!own.isSame) {
        notes.push_back(fmt::format(
            "The model's scheduler is {}, which Easel does not have: it draws with {}, the nearest to it.",
            own.name, own.sampler));
        return notes;
    }
    const auto reads = [&own](auto key) { return own.doesRead(key); };
    const auto tell = [&](const char* key, const std::string& value) {
        notes.push_back(fmt::format(
            "The model's scheduler has \"{}\": {}, which Easel does not have: it draws with plain {}.", key,
            value, samplerOf(json, own)));
    };
    // diffusers turns what other solvers leave behind into its own: those ask for nothing else.
    const auto tellUnless = [&](const char* key, const std::vector<std::string>& same,
                                const std::vector<std::string>& others) {
        const std::string value = json.text(key, same.front());
        if (std::find(others.begin(), others.end(), value) != others.end()) {
            tell(key, '"' + value + '"');
        } else if (std::find(same.begin(), same.end(), value) == same.end()) {
            json.refuse(key, "is not known to the scheduler's class");
        }
    };
    if (reads(SchedulerClass::RungeKutta) && !json.boolean("skip_prk_steps", false)) {
        tell("skip_prk_steps", "false");  // that class's own default, which no Stable Diffusion model wants
    }
    if (reads(SchedulerClass::FixedVariance)) {
        tellUnless("variance_type", {"fixed_small"}, {"fixed_small_log", "fixed_large", "fixed_large_log"});
    }
    if (reads(SchedulerClass::DpmSolver)) {
        tellUnless("algorithm_type", {"dpmsolver++", "sde-dpmsolver++", "deis"},
                   {"dpmsolver", "sde-dpmsolver"});
        tellUnless("solver_type", {"midpoint", "logrho", "bh1", "bh2"}, {"heun"});
        if (json.boolean("use_lu_lambdas", false)) {
            tell("use_lu_lambdas", "true");
        }
    }
    if (reads(SchedulerClass::UniPc)) {
        tellUnless("solver_type", {"bh2", "midpoint", "heun", "logrho"}, {"bh1"});
        if (!json.boolean("predict_x0", true)) {
            tell("predict_x0", "false");
        }
        if (!json.integers("disable_corrector", {}, 0).empty()) {
            tell("disable_corrector", "a list of steps");
        }
    }
    if (reads(SchedulerClass::Deis)) {
        tellUnless("algorithm_type", {"deis", "dpmsolver", "dpmsolver++"}, {});
        tellUnless("solver_type", {"logrho", "midpoint", "heun", "bh1", "bh2"}, {});
    }
    if (reads(SchedulerClass::DpmSolver) || reads(SchedulerClass::UniPc) || reads(SchedulerClass::Deis)) {
        if (const int order = json.integer("solver_order", 2); order != 2) {
            tell("solver_order", std::to_string(order));
        }
    }
    return notes;
}

void readBetas(JsonObject& json, SchedulerConfig& config) {
    config.trainTimesteps = json.integer("num_train_timesteps", config.trainTimesteps, 2);
    for (const auto& [key, beta] :
         {std::pair{"beta_start", &config.betaStart}, {"beta_end", &config.betaEnd}}) {
        if (!json.has(key)) {
            continue;
        }
        *beta = json.number(key, 0);
        if (**beta >= 1) {
            json.refuse(key, "must be below 1");
        }
    }
    config.betaSchedule = choice<BetaSchedule>(json, "beta_schedule", kBetaSchedules);
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

/// The class that `className` or else the file names; refuses one that is not known.
const SchedulerClass* classOf(JsonObject& json, std::string& className) {
    if (className.empty()) {
        className = json.text("_class_name", "");
    }
    const SchedulerClass* const own = findSchedulerClass(className);
    if (!own) {
        json.refuse("_class_name",
                    "is not supported by this engine; it can be one of " + knownSchedulerClasses());
    }
    return own;
}

}  // namespace

protocol::Expected<SchedulerConfig> readSchedulerConfig(const std::filesystem::path& file,
                                                        std::string className) {
    auto read = JsonObject::read(file);
    if (!read) {
        return tl::unexpected(std::move(read.error()));
    }
    JsonObject& json = *read;
    const SchedulerClass* const own = classOf(json, className);
    if (!own) {
        return tl::unexpected(*json.problem());
    }
    SchedulerConfig config;
    config.sampler = samplerOf(json, *own);
    config.isOwn = own->isSame;
    config.ownBetas = own->betas;
    requireDefaults(json, *own);
    config.notes = otherWays(json, *own);
    if (const auto named = json.text("_class_name", className); named != className) {
        config.notes.push_back(fmt::format(
            "scheduler_config.json is {}'s, but model_index.json names {}, which counts.", named, className));
    }
    readBetas(json, config);
    config.prediction =
        choice<PredictionType>(json, "prediction_type", kPredictions).value_or(config.prediction);
    config.timestepSpacing = choice<TimestepSpacing>(json, "timestep_spacing", kSpacings);
    config.finalSigma = own->doesRead(SchedulerClass::FinalSigma)
                            ? choice<FinalSigma>(json, "final_sigmas_type", kFinalSigmas)
                            : leftover<FinalSigma>(json, "final_sigmas_type", kFinalSigmas);
    if (json.has("steps_offset")) {
        config.stepsOffset = json.integer("steps_offset", 0, 0, config.trainTimesteps - 1);
    }
    if (json.has("clip_sample_range")) {
        config.clipSampleRange = json.number("clip_sample_range", 1);
    }
    if (json.has("original_inference_steps")) {
        config.originalSteps = json.integer("original_inference_steps", 0, 1, config.trainTimesteps);
    }
    if (json.has("timestep_scaling")) {
        config.timestepScaling = json.number("timestep_scaling", 1);
    }
    config.clipSample = flag(json, "clip_sample");
    config.setAlphaToOne = flag(json, "set_alpha_to_one");
    config.rescaleBetasZeroSnr = flag(json, "rescale_betas_zero_snr");
    config.karrasSigmas = flag(json, kLevelFlags[0]);
    config.exponentialSigmas = flag(json, kLevelFlags[1]);
    config.betaSigmas = flag(json, kLevelFlags[2]);
    config.lowerOrderFinal = flag(json, "lower_order_final");
    config.eulerAtFinal = flag(json, "euler_at_final");
    if (json.problem()) {
        return tl::unexpected(*json.problem());
    }
    return config;
}

}  // namespace easel::models
