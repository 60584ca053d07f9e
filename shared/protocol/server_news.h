// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "shared/protocol/device_info.h"
#include "shared/protocol/model_state.h"
#include "shared/protocol/pull_info.h"

namespace easel::protocol {

/// What has become of a model.
struct ModelNews {
    std::string id;
    ModelState state = ModelState::Available;
    std::string why = {};  ///< it failed

    bool operator==(const ModelNews&) const = default;
};

/// What `GET /v1/events` tells beside the jobs.
using ServerNews = std::variant<ModelNews, DeviceInfo, PullInfo>;

/// The event's name on the wire: "model", "device", "pull".
std::string_view nameOf(const ServerNews& news);

}  // namespace easel::protocol
