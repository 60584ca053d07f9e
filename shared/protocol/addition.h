// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shared/protocol/problem.h"

/// What a request may add to its model.
namespace easel::protocol {

/// A LoRA, by its name at the server.
struct LoraUse {
    std::string name;
    double weight = 1;                 ///< 0: as if it were not there; may be negative
    std::optional<double> textWeight;  ///< of its part for the text encoders; absent: `weight`
    /// Factors of both for parts of the model: none (1 throughout), three (down, middle, up), or as many as
    /// the model takes, of which the first is for what lies outside of the UNet's blocks.
    std::vector<double> blocks = {};

    bool operator==(const LoraUse&) const = default;
};

/// A ControlNet and the picture that it is to hold to.
struct ControlUse {
    std::string model;
    std::string image;  ///< an input's id
    double scale = 1;
    double start = 0;  ///< 0 to 1 of the steps: from here
    double end = 1;    ///< to here

    bool operator==(const ControlUse&) const = default;
};

inline constexpr int kMaxLoras = 16;
inline constexpr int kMaxLoraBlocks = 64;  // more than any UNet has
inline constexpr int kMaxControls = 4;
inline constexpr double kMaxAdditionWeight = 10;  // of either, of a block, and its negative

/// What is wrong with the first of them, by the names of their fields; nothing when all are right.
std::optional<Problem> objectionTo(const std::vector<LoraUse>& loras);
std::optional<Problem> objectionTo(const std::vector<ControlUse>& controls);

/// "NAME:WEIGHT[:TEXT_WEIGHT][:blocks=FACTOR/…], …" and "MODEL:IMAGE[:SCALE[:START:END]], …", as forms and
/// infotexts have them.
std::string spelled(const std::vector<LoraUse>& loras);
std::string spelled(const std::vector<ControlUse>& controls);
/// False where the text is not of that form; `into` then stays as it is.
bool read(std::string_view text, std::vector<LoraUse>& into);
bool read(std::string_view text, std::vector<ControlUse>& into);

}  // namespace easel::protocol
