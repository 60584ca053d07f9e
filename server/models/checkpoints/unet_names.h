// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace easel::models {

/// A UNet's tensors as the original code calls them ("input_blocks.1.0.in_layers.0.weight") to diffusers'
/// names
/// ("down_blocks.0.resnets.0.norm1.weight"). A ControlNet's, too, which has the same way down.
class UNetNames {
public:
    /// Where the blocks begin and end is told by `names`, which are all there are.
    explicit UNetNames(std::span<const std::string_view> names);

    /// Empty for what has no place in a UNet. Only beginnings are looked at: what belongs to the same layer
    /// as a tensor goes with it.
    std::optional<std::string> translated(std::string_view name) const;

private:
    /// An index of the original's to one of diffusers'.
    struct Place {
        int block;
        int layer;
    };

    static std::vector<Place> placesIn(std::span<const std::string_view> names, std::string_view list,
                                       int begin, std::span<const std::string_view> ends);

    std::vector<Place> m_down;  ///< of input_blocks.1 and those after it
    std::vector<Place> m_up;    ///< of output_blocks
};

}  // namespace easel::models
