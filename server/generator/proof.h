// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

/// What a worker says of itself to whoever examines the machine.
namespace easel::generator {

/// A device that a worker can draw on, or why it cannot.
struct ListedDevice {
    std::string device;                   ///< "cpu", "cuda:0"
    std::string name;                     ///< "AMD EPYC", "NVIDIA L4"
    std::vector<std::string> precisions;  ///< that it computes in by itself: "fp32", "fp16", "bf16"
    std::int64_t memory = 0;              ///< bytes of its own; 0: it uses the machine's
    std::int64_t memoryFree = 0;
    std::string problem;       ///< why it cannot be used; empty: it can
    std::string kernels = {};  ///< as Status::kernels, of its precision "auto"

    bool operator==(const ListedDevice&) const = default;
};

/// From the worker: what it could draw on.
struct Inventory {
    std::string libtorch;    ///< its version, "2.11.0"
    std::string cuda;        ///< that libtorch brings, "13.0"; empty: none, or none that could be asked
    std::string driverCuda;  ///< the newest that the driver runs, "13.1"; empty as above
    std::string problem;     ///< why no NVIDIA device can be used; empty: there is none, or they can be tried
    std::vector<ListedDevice> devices;

    bool operator==(const Inventory&) const = default;
};

/// From the worker: what a picture was on its way, in C order.
struct Stage {
    std::string name;  ///< one of those in kStages
    std::vector<std::int64_t> shape;
    std::vector<float> values;

    /// Bit by bit, for a number that is none equals nothing, not even itself.
    bool operator==(const Stage& other) const;
};

/// The prompts' features, what the network answers to the first step, the latents after the last one, and the
/// picture, whose values are 0 to 255.
inline constexpr const char* kStages[] = {"text", "prediction", "latents", "picture"};
inline constexpr const char* kPictureStage = kStages[3];

/// From the worker, after the stages: what the picture took.
struct Proof {
    double loadSeconds = 0;           ///< until the model was in memory
    double pictureSeconds = 0;        ///< from the prompt to the picture
    std::vector<double> stepSeconds;  ///< of each step
    std::int64_t memory = 0;          ///< bytes at the most: of a GPU's memory, or of the process on the CPU

    bool operator==(const Proof&) const = default;
};

}  // namespace easel::generator
