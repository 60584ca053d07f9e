// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "shared/protocol/problem.h"

namespace easel::commands {

/// Root that works on another account's folder becomes that account, so that what it makes there is the
/// account's own, and a link that lies there leads root nowhere. `folder` may not exist: then the nearest one
/// above it tells. For the whole process and for good, HOME included; to be called before there are threads
/// that mind. Nothing happens to anybody but root, nor in root's own folders. Errors: the account cannot be
/// taken on.
protocol::Expected<void> becomeOwnerOf(const std::filesystem::path& folder);

}  // namespace easel::commands
