// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "server/doctor/examiner.h"
#include "server/doctor/finding.h"
#include "server/doctor/likeness.h"
#include "server/generator/proof.h"
#include "shared/protocol/generation.h"

namespace easel::doctor {

/// A device and a precision that draw one picture.
struct Trial {
    std::string device;
    std::string name;  ///< "NVIDIA L4"
    std::string precision;
    std::int64_t memory = 0;  ///< bytes that the picture is calculated to take there; 0: that is not known
};

/// What came of it.
struct TrialResult {
    Trial trial;
    Finding finding;
    std::vector<Likeness> likenesses;       ///< empty for the CPU in fp32, which the others are compared with
    std::optional<generator::Proof> proof;  ///< nothing: it did not come so far
};

/// Where nothing else is known of: the CPU, in the precision of the reference.
generator::Inventory cpuAlone();

/// What is to be tried of `inventory`: the CPU in fp32 first, then every precision of each device that can be
/// used and whose name is among `wanted`; of all where that is empty.
std::vector<Trial> trialsFor(const generator::Inventory& inventory, const std::vector<std::string>& wanted);

/// Compares a picture with the reference, which may be missing, and what a GPU's memory it took with the
/// calculation.
TrialResult judgeTrial(const Trial& trial, const tl::expected<Drawn, Trouble>& drawn, const Drawn* reference);

/// Makes the trials one after another; `begins` is told of each.
std::vector<TrialResult> makeTrials(const Examiner& examiner, const std::vector<Trial>& trials,
                                    const std::filesystem::path& folder,
                                    const protocol::GenerationSettings& settings,
                                    const std::function<void(const Trial&)>& begins);

/// The middle one of the times of all steps, in milliseconds; 0 without any.
double medianStepMs(const generator::Proof& proof);

}  // namespace easel::doctor
