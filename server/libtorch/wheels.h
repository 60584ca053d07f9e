// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <stop_token>
#include <vector>

#include "server/libtorch/pins.h"
#include "shared/protocol/problem.h"

namespace easel::libtorch {

/// A pinned wheel on the disk, its hash compared.
struct LocalWheel {
    Pin pin;
    std::filesystem::path file;
};

/// The wheels of `pins` among the files of `folder`, in the order of `pins`. `onBytes` is told what has been
/// read of them since. Errors: which are missing, and which have another hash; stopped.
protocol::Expected<std::vector<LocalWheel>> findWheels(const std::filesystem::path& folder,
                                                       const std::vector<Pin>& pins,
                                                       const std::function<void(std::int64_t)>& onBytes,
                                                       const std::stop_token& stop);

}  // namespace easel::libtorch
