// SPDX-License-Identifier: Apache-2.0
#include "shared/protocol/generation.h"

#include <algorithm>
#include <iterator>

namespace easel::protocol {

namespace {
constexpr std::string_view kAllSchedules[] = {"default", "karras"};
constexpr std::string_view kWithKarras[] = {"euler", "dpmpp_2m"};
}  // namespace

std::span<const std::string_view> schedulesOf(std::string_view sampler) {
    if (std::find(std::begin(kSamplers), std::end(kSamplers), sampler) == std::end(kSamplers)) {
        return {};
    }
    const bool karras =
        std::find(std::begin(kWithKarras), std::end(kWithKarras), sampler) != std::end(kWithKarras);
    return std::span(kAllSchedules).first(karras ? 2 : 1);
}

}  // namespace easel::protocol
