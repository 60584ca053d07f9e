// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a kernel sees of the machine that runs it, so that one source builds for a GPU and for the host. A
// kernel is a struct of its arguments with
//
//     EASEL_DEVICE void operator()(const Block& block) const;
//
// which every thread of every block calls, and launch() runs it. There are kThreads threads in a block, on
// both; any number of blocks.
#ifdef __CUDACC__
#include "server/kernels/cuda/parallel_device.h"
#else
#include "server/kernels/cuda/parallel_host.h"
#endif
