// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include "server/kernels/cuda/functions.h"

namespace easel::kernels::cuda {

/// What there is of libeasel_cuda.so.
struct Library {
    const Functions* functions = nullptr;  ///< null: `problem` says why
    std::string problem;
};

/// Loads it for as long as the process lives.
Library openLibrary(const std::filesystem::path& file);

}  // namespace easel::kernels::cuda
