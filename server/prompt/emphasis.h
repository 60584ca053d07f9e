// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "server/prompt/text.h"

namespace easel::prompt {

/// What is read with one weight. Passages are tokenized apart.
struct Passage {
    Text text;
    double weight = 1;
    bool opensChunk = false;  ///< it begins after a BREAK

    bool operator==(const Passage&) const = default;
};

/// A prompt as it is read at one step.
using Reading = std::vector<Passage>;

/// Weights are kept within these bounds, either side of zero.
inline constexpr double kGreatestWeight = 100;

/// Takes what weighs words off `prompt`, as AUTOMATIC1111 writes it: (more), [less], (so much:1.3), \( for a
/// bracket, and BREAK. What does not close weighs up to the end; what closes nothing is text.
Reading readingOf(const Text& prompt);

}  // namespace easel::prompt
