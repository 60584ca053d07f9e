// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace easel::models {

/// What a tensor of a LoRA is to the layer that it changes.
enum class LoraRole : std::size_t {
    Down,       ///< the first of two factors, [rank, in, ...]: lora_down, lora_A
    Up,         ///< the second, [out, rank, ...]: lora_up, lora_B
    Mid,        ///< a kernel between them (Tucker)
    Alpha,      ///< a number: the change is alpha / rank times the product
    Magnitude,  ///< of each output (DoRA as PEFT writes it)
    DoraScale,  ///< of each output or input (DoRA as LyCORIS writes it)
    HadaW1A,    ///< of LoHa, the Hadamard product of two products
    HadaW1B,
    HadaW2A,
    HadaW2B,
    HadaT1,
    HadaT2,
    LokrW1,  ///< of LoKr, a Kronecker product
    LokrW1A,
    LokrW1B,
    LokrW2,
    LokrW2A,
    LokrW2B,
    LokrT2,
    Diff,      ///< the change itself
    DiffBias,  ///< the bias's
};
inline constexpr std::size_t kLoraRoles = 21;

/// Which network of a model a layer's name speaks of.
enum class LoraNetwork { Any, UNet, FirstText, SecondText };

/// A tensor's name, taken apart.
struct LoraKey {
    std::string module;  ///< the layer, as its file calls it
    LoraRole role;
};

/// Nothing for a name that no kind of LoRA has.
std::optional<LoraKey> splitLoraKey(std::string_view name);

/// "a.b_c.0" → "a_b_c_0": how kohya's scripts write a path.
std::string flattened(std::string_view path);

}  // namespace easel::models
