// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "server/doctor/finding.h"

namespace easel::commands {

/// Whether a server can listen on `port` of `address`, and who does so if it cannot.
doctor::Finding judgePort(const std::string& address, int port);

}  // namespace easel::commands
