// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime.h>

#include "server/kernels/cuda/grid.h"

#define EASEL_DEVICE __device__ __forceinline__

namespace easel::kernels::cuda {

/// A block of threads on a GPU.
class DeviceBlock {
public:
    EASEL_DEVICE std::int64_t index() const { return blockIdx.x; }
    EASEL_DEVICE std::int64_t count() const { return gridDim.x; }
    EASEL_DEVICE int thread() const { return static_cast<int>(threadIdx.x); }
    EASEL_DEVICE float* shared() const {
        extern __shared__ float floats[];
        return floats;
    }
    EASEL_DEVICE void barrier() const { __syncthreads(); }
    EASEL_DEVICE float sumOfWarp(float value) const {
#pragma unroll
        for (int apart = kWarp / 2; apart > 0; apart /= 2) {
            value += __shfl_xor_sync(0xFFFFFFFFU, value, apart);
        }
        return value;
    }
    EASEL_DEVICE void raise(std::int32_t* flag) const {
        atomicOr(flag, 1);
    }
};

using Block = DeviceBlock;

template <typename Kernel>
__global__ void __launch_bounds__(kThreads) runKernel(const __grid_constant__ Kernel kernel) {
    kernel(Block());
}

/// 0, or the number of CUDA's error. It does not wait for the kernel.
template <typename Kernel>
int launch(const Kernel& kernel, const Grid& grid, void* stream) {
    const auto blocks = static_cast<unsigned>(grid.blocks < kMostBlocks ? grid.blocks : kMostBlocks);
    if (blocks > 0) {
        runKernel<<<blocks, kThreads, grid.sharedFloats * sizeof(float), static_cast<cudaStream_t>(stream)>>>(
            kernel);
    }
    return static_cast<int>(cudaGetLastError());
}

}  // namespace easel::kernels::cuda
