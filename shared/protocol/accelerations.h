// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "shared/protocol/generation.h"
#include "shared/protocol/problem.h"
#include "shared/protocol/server_info.h"

/// What draws pictures sooner and a little otherwise, as ModelInfo::accelerations lists it: the fields of
/// FieldGroup::Acceleration. None is on unless it was asked for.
namespace easel::protocol {

/// Guidance in some of the steps alone. https://arxiv.org/abs/2404.07724
inline constexpr std::string_view kGuidanceInterval = "guidance_interval";
/// Features of one step are used again in the next. https://arxiv.org/abs/2312.00858
inline constexpr std::string_view kDeepCache = "deepcache";
/// Self-attention over fewer places. https://arxiv.org/abs/2303.17604
inline constexpr std::string_view kTokenMerging = "token_merging";
/// Pixels by a small network instead of the VAE.
inline constexpr std::string_view kTinyDecoder = "tiny_decoder";

/// What the field `name` is a part of; empty: it accelerates nothing.
std::string_view accelerationOf(std::string_view name);
/// False for a model that does not say so.
bool canAccelerate(const ModelInfo& model, std::string_view acceleration);

/// Whether `step`, from 0, of the `steps` that are taken lies between two shares of them, 0 to 1: as
/// diffusers' guiders count.
bool isWithin(double from, double to, int step, int steps);
/// Whether there is guidance in that step, where the picture has any.
bool isGuided(const GenerationSettings& settings, int step, int steps);
/// Whether that step runs the whole network.
bool isWhole(const GenerationSettings& settings, int step, int steps);

/// What is wrong with the accelerations, where each field is right in itself.
std::optional<Problem> objectionToAccelerations(const GenerationSettings& settings);
/// Why `model` cannot be hurried so.
std::optional<Problem> beyondAccelerations(const ModelInfo& model, const GenerationSettings& settings);

}  // namespace easel::protocol
