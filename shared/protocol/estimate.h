// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "shared/protocol/generation.h"
#include "shared/protocol/problem.h"

namespace easel::protocol {

/// What drawing takes of the memory of what draws, in bytes, by calculation.
struct MemoryEstimate {
    std::int64_t weights = 0;               ///< of the model
    std::int64_t drawing = 0;               ///< beside them, with each picture in one piece
    std::int64_t least = 0;                 ///< the same where the memory is short: in parts, one by one
    std::optional<std::int64_t> available;  ///< for models and drawings together; absent until it is known

    /// Whether it can be drawn at all.
    std::optional<bool> fits() const {
        return available ? std::optional(weights + least <= *available) : std::nullopt;
    }
    bool operator==(const MemoryEstimate&) const = default;
};

/// `POST /v1/estimate`: what a request would come to if it were handed in now.
struct Estimate {
    GenerationSettings settings;                ///< the request with every gap filled in
    double work = 0;                            ///< megapixel-steps
    std::optional<double> seconds;              ///< to draw it; absent until the device's pace is known
    int ahead = 0;                              ///< jobs that would run before it
    std::optional<double> waitSeconds;          ///< until it would begin, at the present pace
    std::optional<MemoryEstimate> memory = {};  ///< absent where the model does not say
    std::optional<Problem> problem;             ///< why it would be refused

    bool operator==(const Estimate&) const = default;
};

}  // namespace easel::protocol
