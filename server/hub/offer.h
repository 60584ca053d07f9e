// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <stop_token>
#include <string>

#include "server/hub/settings.h"
#include "shared/protocol/hub_info.h"
#include "shared/protocol/problem.h"

namespace easel::hub {

/// What the hub offers under a name, and how much of it lies in `cache`; blocks, and fetches only small
/// texts. A repository that cannot be drawn with is an answer, too, with its problem. Errors: as Hub.
protocol::Expected<protocol::HubModel> lookUp(const Settings& settings, const std::filesystem::path& cache,
                                              const std::string& id, const std::string& revision,
                                              const std::stop_token& stop);

}  // namespace easel::hub
