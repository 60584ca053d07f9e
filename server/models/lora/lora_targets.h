// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace easel::models {

/// A layer whose weight a LoRA can change.
struct LoraTarget {
    std::string path;                 ///< diffusers' name, without ".weight"
    std::vector<std::int64_t> shape;  ///< of its weight: [out, in] or [out, in, height, width]
    std::size_t block = 0;            ///< of a UNet's blocks(), from 1 on; 0: none of them
};

/// A tensor of a network, by name.
struct NamedShape {
    std::string name;
    std::vector<std::int64_t> shape;
};

/// The layers of one network by all names that LoRAs have for them. So a name is looked up and never taken
/// apart: "to_out_0" could be two levels or three.
class LoraTargets {
public:
    /// A UNet's: by diffusers' names and by those of the original code.
    static LoraTargets ofUNet(const std::vector<NamedShape>& tensors);
    /// A text encoder's, with "text_model" before its names or without.
    static LoraTargets ofText(const std::vector<NamedShape>& tensors);

    /// By its flattened() name; null when there is none.
    const LoraTarget* find(const std::string& layer) const;
    std::size_t size() const { return m_layers.size(); }

    /// How many blocks a UNet has, in the original code's count, and which of them have attention.
    std::size_t blocks() const { return m_hasAttention.size(); }
    bool hasAttention(std::size_t block) const { return m_hasAttention[block - 1]; }
    /// Block that is the middle one: those before it lie on the way down.
    std::size_t middle() const { return m_middle; }

private:
    explicit LoraTargets(const std::vector<NamedShape>& tensors);
    void name(std::size_t layer, std::string_view path);

    std::vector<LoraTarget> m_layers;
    std::unordered_map<std::string, std::size_t> m_byName;
    std::vector<bool> m_hasAttention;
    std::size_t m_middle = 0;
};

}  // namespace easel::models
