// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/generator/proof.h"

/// How like the CPU's picture another device's is.
namespace easel::doctor {

/// One stage beside the reference's. `decibels` is the peak signal-to-noise ratio: how much smaller than all
/// that the reference spans (255 for a picture) the difference is on average, 20 dB for each factor of ten.
struct Likeness {
    std::string stage;
    double decibels = 0;  ///< infinite: they are equal
    double least = 0;     ///< that is right
    std::string problem;  ///< why they cannot be compared; `decibels` says nothing then

    bool isRight() const { return problem.empty() && decibels >= least; }
};

/// Both have the same name.
Likeness compare(const generator::Stage& reference, const generator::Stage& other, double least);

/// What `stage` has to reach in `precision`. A stage that is not known can never be right.
double leastDecibels(std::string_view stage, std::string_view precision);

/// Each stage of the reference beside the other's.
std::vector<Likeness> compareAll(const std::vector<generator::Stage>& reference,
                                 const std::vector<generator::Stage>& others, std::string_view precision);

/// "text 121 dB, prediction 118 dB, latents 95 dB, picture equal"
std::string inWords(const std::vector<Likeness>& likenesses);

}  // namespace easel::doctor
