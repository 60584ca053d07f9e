// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace easel::text {

/// "512.0 kB", "68.2 MB", "4.27 GB"
std::string spelledBytes(std::int64_t bytes);

}  // namespace easel::text
