// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace easel::protocol {

/// What a file or a folder is, looked at by itself: `models inspect`.
struct Inspection {
    struct Part {
        std::string name;  ///< "unet"
        std::int64_t bytes = 0;
        std::int64_t numbers = 0;
        std::string precision;  ///< "F16"; several: "F16 and F8_E4M3"

        bool operator==(const Part&) const = default;
    };

    std::string place;   ///< its path
    std::string kind;    ///< "folder", "checkpoint", "lora" and so on
    std::string what;    ///< in words: "a LoRA", "Stable Diffusion 2.x for inpainting"
    std::string family;  ///< empty when it is no model
    std::int64_t bytes = 0;
    std::vector<Part> parts = {};
    std::string prediction = {};          ///< "epsilon", "v_prediction"; empty when it is no model
    std::string predictionReason = {};    ///< a clause
    std::vector<std::string> lacks = {};  ///< parts that a model of its family has
    std::vector<std::string> notes = {};  ///< a sentence each
    std::string problem = {};             ///< why nothing can be drawn with it; empty when something can

    bool operator==(const Inspection&) const = default;
};

std::string toJson(const Inspection& inspection);

}  // namespace easel::protocol
