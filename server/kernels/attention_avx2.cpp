// SPDX-License-Identifier: Apache-2.0
#include <cstdint>

namespace easel::kernels {
namespace {

constexpr std::int64_t kLanes = 8;
constexpr std::int64_t kScoreLanes = 2;
constexpr std::int64_t kSums = 12;

}  // namespace
}  // namespace easel::kernels

#include "server/kernels/attention_lanes.h"

namespace easel::kernels {

const AttentionForm<float>& attentionInAvx2() {
    return kForm;
}

}  // namespace easel::kernels
