// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/hub/hub.h"
#include "shared/protocol/hub_info.h"
#include "shared/protocol/problem.h"

/// What the hub's interface says, as values. It is a stranger: each name is checked before it is used.
namespace easel::hub {

/// The answer of /api/models/ID/revision/REVISION; `files` stays empty.
protocol::Expected<Repository> parseRepository(std::string_view json);
/// A page of /api/models/ID/tree/COMMIT; folders are left out.
protocol::Expected<std::vector<RemoteFile>> parseTree(std::string_view json);
/// The answer of /api/models?search=…; what has no name of the hub's is left out.
protocol::Expected<std::vector<protocol::HubHit>> parseHits(std::string_view json);
/// The address of the page after it, in the field Link; empty: that was the last.
std::string nextPage(std::string_view link);

}  // namespace easel::hub
