// SPDX-License-Identifier: Apache-2.0
#include "shared/protocol/device_info.h"

#include <array>
#include <cstddef>

#include "shared/protocol/server_news.h"

namespace easel::protocol {

namespace {

constexpr std::array<std::string_view, 5> kNames{"starting", "ready", "draining", "drained", "failed"};

}  // namespace

std::string_view toString(DeviceState state) {
    return kNames[static_cast<std::size_t>(state)];
}

std::string_view nameOf(const ServerNews& news) {
    constexpr std::array<std::string_view, std::variant_size_v<ServerNews>> kEvents{"model", "device",
                                                                                    "pull"};
    return kEvents[news.index()];
}

}  // namespace easel::protocol
