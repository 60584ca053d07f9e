// SPDX-License-Identifier: Apache-2.0
#include "server/models/lora/lora_use.h"

#include <algorithm>

#include <fmt/core.h>

namespace easel::models {

protocol::Expected<std::vector<double>> blockWeights(std::span<const double> given,
                                                     const LoraTargets& targets) {
    const std::size_t all = targets.blocks();
    std::size_t attentive = 0;
    for (std::size_t block = 1; block <= all; ++block) {
        attentive += targets.hasAttention(block) ? 1 : 0;
    }
    std::vector<double> weights(all + 1, 1);
    if (given.empty()) {
        return weights;
    }
    if (given.size() == all + 1) {
        std::ranges::copy(given, weights.begin());
        return weights;
    }
    if (given.size() == attentive + 1) {
        std::ranges::fill(weights, given.front());
        auto next = given.begin();
        for (std::size_t block = 1; block <= all; ++block) {
            weights[block] = targets.hasAttention(block) ? *++next : given.front();
        }
        return weights;
    }
    if (given.size() == 3) {
        for (std::size_t block = 1; block <= all; ++block) {
            weights[block] = given[block < targets.middle() ? 0 : block == targets.middle() ? 1 : 2];
        }
        return weights;
    }
    return tl::unexpected(protocol::invalidField(
        "loras",
        fmt::format("blocks has {} numbers. This model takes 3 (down, middle, up), {} (outside of the "
                    "blocks, and each block with attention) or {} (and each block).",
                    given.size(), attentive + 1, all + 1)));
}

}  // namespace easel::models
