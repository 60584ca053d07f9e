// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "server/doctor/finding.h"
#include "server/doctor/proofs.h"

namespace easel::doctor {

/// All that was found on a machine.
struct Report {
    std::string version;  ///< of the program
    std::vector<Finding> findings;
    std::vector<TrialResult> trials;
};

/// The worst of all that was found.
State worstOf(const Report& report);

/// A table for people, line by line, at most `width` columns wide where words allow: name, state and what was
/// found; below that, behind an arrow, what to do; at the end how it is on the whole.
std::vector<std::string> tableOf(const Report& report, std::size_t width);

/// The same for programs, one JSON object.
std::string jsonOf(const Report& report);

}  // namespace easel::doctor
