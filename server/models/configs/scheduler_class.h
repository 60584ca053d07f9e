// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "server/models/configs/scheduler_config.h"

namespace easel::models {

/// A scheduler class of diffusers, as far as it matters here: which sampler stands for it, what it takes for
/// granted, and which keys of its file it reads.
struct SchedulerClass {
    /// Keys that only some classes read.
    enum Reads : unsigned {
        Thresholding = 1,     ///< thresholding
        Flow = 2,             ///< use_flow_sigmas, use_dynamic_shifting
        LearnedVariance = 4,  ///< variance_type, as far as it says "learned" or "learned_range"
        LambdaMin = 8,        ///< lambda_min_clipped
        Levels = 16,          ///< use_karras_sigmas, use_exponential_sigmas, use_beta_sigmas, and with them
                              ///< sigma_min and sigma_max
        FixedVariance = 32,   ///< variance_type, as far as it says how large a fixed one is
        FinalSigma = 64,      ///< final_sigmas_type
        Interpolation = 128,  ///< interpolation_type, timestep_type
        RungeKutta = 256,     ///< skip_prk_steps
        DpmSolver = 512,      ///< algorithm_type, solver_type, solver_order, use_lu_lambdas
        UniPc = 1024,         ///< solver_type, solver_order, predict_x0, disable_corrector
        Deis = 2048,          ///< algorithm_type, solver_type, solver_order
    };

    std::string_view name;
    std::string_view sampler;  ///< by its wire name: the same, or the nearest to it
    bool isSame = false;       ///< the sampler draws just what the class does
    unsigned reads = 0;
    Betas betas = {};

    constexpr bool doesRead(Reads key) const { return (reads & key) != 0; }
};

/// Null for a class that nothing here comes near to.
const SchedulerClass* findSchedulerClass(std::string_view name);
/// Their names, for a person.
std::string knownSchedulerClasses();

}  // namespace easel::models
