// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace easel::models {

/// The names that the original code (LDM, SGM) has for the layers of a UNet, and the blocks that it counts
/// them in. Made of diffusers' names alone, since they tell how many layers each block has.
class OriginalNames {
public:
    /// `paths`: diffusers' names of a UNet's layers, without ".weight".
    explicit OriginalNames(std::span<const std::string> paths);

    /// "down_blocks.0.attentions.0.proj_in" → "input_blocks.1.1.proj_in"; empty for what the original code
    /// does not have.
    std::string original(std::string_view path) const;

    struct Block {
        std::string name;  ///< "input_blocks.4", "middle_block", "output_blocks.3"
        bool hasAttention = false;
    };
    /// In the order in which a picture passes through them.
    const std::vector<Block>& blocks() const { return m_blocks; }

private:
    struct Side {
        std::vector<int> layers;  // of each block
        std::vector<bool> hasAttention;
        int first = 0;    // the number of the first block's first layer
        int between = 0;  // places after each but the last block, for what changes the size
        int at(int block, int layer) const;
    };

    std::string inDown(int block, std::string_view rest) const;
    std::string inUp(int block, std::string_view rest) const;

    Side m_down;
    Side m_up;
    std::vector<Block> m_blocks;
};

}  // namespace easel::models
