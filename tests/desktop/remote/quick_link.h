// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

#include "desktop/remote/server_link.h"

namespace easel::tests {

/// For a server that answers at once.
inline constexpr remote::ServerLink::Timing kQuick{.whenConnected = std::chrono::milliseconds(20),
                                                   .whenNotReady = std::chrono::milliseconds(20),
                                                   .firstPause = std::chrono::milliseconds(20),
                                                   .longestPause = std::chrono::milliseconds(40)};

}  // namespace easel::tests
