// SPDX-License-Identifier: Apache-2.0
#include "server/kernels/cuda/functions.h"

namespace {

using namespace easel::kernels;

constexpr cuda::Functions kFunctions{
    .layout = cuda::Functions::kLayout,
    .build = EASEL_KERNELS_BUILD,
    .groupNorm = cuda::groupNorm,
    .groupNormWorkspace = cuda::groupNormWorkspace,
    .layerNorm = cuda::layerNorm,
    .geglu = cuda::geglu,
    .sum = cuda::sum,
    .guide = cuda::guide,
    .pixels = cuda::pixels,
    .resample = cuda::resample,
};

}  // namespace

const cuda::Functions* easel_cuda_functions() {
    return &kFunctions;
}
