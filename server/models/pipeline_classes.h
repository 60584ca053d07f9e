// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

namespace easel::models {

/// Models that are drawn with in the same way: which parts they have and what a picture asks of each.
enum class Family {
    StableDiffusion,  ///< 1.x and 2.x: one text encoder, a UNet, a VAE
};

/// "stable-diffusion"
std::string_view toString(Family family);

/// A part of a model: the folder that it lies in, which is also its key in model_index.json, and the classes
/// that it can be of.
struct Component {
    std::string_view name;
    std::span<const std::string_view> classes;
};

/// A pipeline class of diffusers' as this engine knows it.
struct PipelineClass {
    std::string_view name;
    Family family;
    std::span<const Component> components;
    std::span<const std::string_view> besides;  ///< parts that a folder may also name; they draw nothing

    bool has(std::string_view component) const;
};

/// The row for `name`. One that is not known is taken for StableDiffusionPipeline: its parts decide whether
/// it can be drawn with, for what the class does with them (pictures from pictures, long prompts) is no
/// matter.
const PipelineClass& pipelineClass(std::string_view name);

}  // namespace easel::models
