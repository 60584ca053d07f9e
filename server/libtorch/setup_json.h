// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "server/libtorch/setup.h"

/// What programs are told of a setup, an object on a line each time. `state` is that of the stage, then at
/// last succeeded, failed or cancelled.
namespace easel::libtorch {

std::string toJson(const PinList& list, const SetupProgress& progress);
/// `remark`: as Choice has it.
std::string beginningToJson(const PinList& list, const std::string& remark);
std::string endToJson(const PinList& list, const protocol::Expected<SetupResult>& result, bool isCancelled);

}  // namespace easel::libtorch
