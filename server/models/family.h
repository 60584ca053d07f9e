// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

namespace easel::models {

/// Models that are drawn with in the same way: which parts they have and what a picture asks of each.
enum class Family {
    StableDiffusion,           ///< 1.x and 2.x: one text encoder, a UNet, a VAE
    StableDiffusionXL,         ///< two text encoders; the UNet is also given the prompt as a whole, and sizes
    StableDiffusionXLRefiner,  ///< the second of them alone, for the end of what another has begun
};

/// "stable-diffusion", "stable-diffusion-xl", "stable-diffusion-xl-refiner"
std::string_view toString(Family family);

/// A part of a model: the folder that it lies in, which is also its key in model_index.json, and the classes
/// that it can be of.
struct Component {
    std::string_view name;
    std::span<const std::string_view> classes;
};

/// The parts that a model of `family` is made of, beside its scheduler.
std::span<const Component> componentsOf(Family family);

/// Whether a model may also have a part called `name`, which draws nothing.
bool isBeside(std::string_view name);

}  // namespace easel::models
