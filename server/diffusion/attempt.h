// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>

#include "shared/protocol/problem.h"

namespace easel::diffusion {

/// How an attempt to draw ended.
struct Attempt {
    std::optional<protocol::Problem> problem;  ///< what went wrong; nothing where it went well
    bool isUnknown = false;                    ///< nothing that is expected to go wrong at times
    bool isOutOfMemory = false;                ///< less of it would go well
};

/// Does `work`, which may throw.
Attempt attempt(const std::function<void()>& work);

}  // namespace easel::diffusion
