// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "server/hub/transfer.h"
#include "server/libtorch/pins.h"
#include "shared/protocol/problem.h"

namespace easel::libtorch {

/// Why an index at `host`, asked for `pin`, gave an `answer` that is no success; in words for a person.
protocol::Problem explain(const std::string& host, const Pin& pin, const hub::Answer& answer);
/// 404: the index knows the project, and not this file.
protocol::Problem notOnIndex(const std::string& host, const Pin& pin);

}  // namespace easel::libtorch
