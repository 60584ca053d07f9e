// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "server/generator/frames.h"

/// What a worker does for `easel-server doctor`, instead of drawing for clients. Each answers the exit
/// status.
namespace easel::worker {

/// Tells what it could draw on.
int list(generator::FrameChannel& channel);
/// Draws the one picture that it is asked for, and tells each stage of it.
int prove(generator::FrameChannel& channel, const std::string& device, const std::string& precision);

/// For a worker that has not begun to draw: prints what comes of each of `kernels` on the device.
int examineKernels(const std::string& device, const std::string& precision,
                   const std::vector<std::string>& kernels);

}  // namespace easel::worker
