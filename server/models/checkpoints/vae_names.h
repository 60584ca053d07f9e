// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace easel::models {

/// An autoencoder's tensors as the original code calls them ("decoder.up.3.block.0.norm1.weight") to
/// diffusers' names ("decoder.up_blocks.0.resnets.0.norm1.weight"), which stay what they are.
class VaeNames {
public:
    /// How many blocks the decoder has is told by `names`, which are all there are.
    explicit VaeNames(std::span<const std::string_view> names);

    std::string translated(std::string_view name) const;

private:
    int m_upBlocks = 0;
};

}  // namespace easel::models
