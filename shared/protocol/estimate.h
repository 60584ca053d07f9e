// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "shared/protocol/generation.h"
#include "shared/protocol/problem.h"

namespace easel::protocol {

/// `POST /v1/estimate`: what a request would come to if it were handed in now.
struct Estimate {
    GenerationSettings settings;        ///< the request with every gap filled in
    double work = 0;                    ///< megapixel-steps
    std::optional<double> seconds;      ///< to draw it; absent until the device's pace is known
    int ahead = 0;                      ///< jobs that would run before it
    std::optional<double> waitSeconds;  ///< until it would begin, at the present pace
    std::optional<Problem> problem;     ///< why it would be refused

    bool operator==(const Estimate&) const = default;
};

}  // namespace easel::protocol
