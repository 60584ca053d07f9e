// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "shared/protocol/generation.h"
#include "shared/protocol/problem.h"
#include "shared/protocol/server_info.h"

/// How often a request's pictures go through their steps, and in which sizes.
namespace easel::protocol {

struct Pass {
    int width = 0;  ///< pixels
    int height = 0;
    int steps = 0;  ///< of the whole way from noise
    int first = 0;  ///< as many of them are left out, for it begins with a picture

    int taken() const { return steps - first; }
    bool operator==(const Pass&) const = default;
};

/// The first of `steps` steps that a picture goes through which may change by `strength`, 0 (not at all) to
/// 1: as diffusers' image-to-image pipelines count.
int firstStep(int steps, double strength);

/// How far a picture grows beyond an edge: `pixels`, up to a whole latent.
int extensionOf(int pixels);
bool isExtended(const GenerationSettings& settings);

Pass firstPassOf(const GenerationSettings& settings);
/// The larger one, of as many steps as it was asked to take; AUTOMATIC1111 counts so. Nothing: there is none.
std::optional<Pass> secondPassOf(const GenerationSettings& settings);
/// That each picture takes.
int stepsOf(const GenerationSettings& settings);
/// What one pass is drawn with.
GenerationSettings during(const Pass& pass, GenerationSettings settings);

/// Of image `index`. Variations have one seed: what differs is what they vary towards, as AUTOMATIC1111
/// counts.
std::int64_t seedOf(const GenerationSettings& settings, int index);
/// For image `index` alone.
GenerationSettings settingsOf(GenerationSettings settings, int index);

/// What is wrong with the passes, where each field is right in itself: the field to change, and how.
std::optional<Problem> objectionToPasses(const GenerationSettings& settings, const Limits& limits);

}  // namespace easel::protocol
