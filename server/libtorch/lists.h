// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace easel::libtorch {

/// A file that was built in: "libtorch-cpu.txt", "libtorch-cuda.txt".
std::string_view listText(std::string_view name);

}  // namespace easel::libtorch
