// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace easel::protocol {

/// What a client asks for. Only the prompt is required; the server fills in the rest from the
/// model's own defaults and reports what it used.
struct GenerationRequest {
    std::string prompt;
    std::optional<std::string> negativePrompt;
    std::optional<std::string> model;
    std::optional<int> width;
    std::optional<int> height;
    std::optional<int> steps;
    std::optional<double> guidance;
    std::optional<std::string> sampler;
    std::optional<std::string> schedule;
    std::optional<std::int64_t> seed;  ///< -1 or absent: the server draws one.
    std::optional<int> count;
    std::optional<int> clipSkip;

    bool operator==(const GenerationRequest&) const = default;
};

/// A request with every gap filled in: what is drawn, stored and written into the file.
struct GenerationSettings {
    std::string model;
    std::string prompt;
    std::string negativePrompt;
    int width = 512;   ///< pixels
    int height = 512;  ///< pixels
    int steps = 25;
    double guidance = 7.5;  ///< classifier-free guidance scale; <= 1 runs one branch
    std::string sampler;    ///< one of samplerKinds()
    std::string schedule = "default";
    std::int64_t seed = 0;  ///< of the first image; image i uses seed + i
    int count = 1;
    int clipSkip = 1;  ///< the text encoder's layer that is listened to, from the last; 2: the penultimate

    bool operator==(const GenerationSettings&) const = default;
};

}  // namespace easel::protocol
