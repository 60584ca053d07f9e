// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "server/generator/generator.h"
#include "shared/protocol/device_info.h"
#include "shared/protocol/server_news.h"

namespace easel::commands {

/// Tells each change of what draws once to everybody who follows. From any thread.
class GeneratorNews {
public:
    /// Must neither block nor call this.
    using Follower = std::function<void(const protocol::ServerNews&)>;

    /// `status` and `devices` say how it is; `changed` tells that they may say something else now.
    GeneratorNews(std::function<generator::Status()> status,
                  std::function<std::vector<protocol::DeviceInfo>()> devices);

    void changed();
    /// A pull got further.
    void changed(const protocol::PullInfo& pull);
    /// Tells how each device is, each model that was asked for and each pull, and then what changes, until
    /// what is answered goes. A model that is no longer held is told as available.
    std::shared_ptr<void> follow(Follower follower);

private:
    void tell(const protocol::ServerNews& news);

    const std::function<generator::Status()> m_status;
    const std::function<std::vector<protocol::DeviceInfo>()> m_devices;
    std::mutex m_mutex;
    std::map<std::string, protocol::ModelNews> m_models;
    std::map<std::string, protocol::DeviceInfo> m_known;  // devices
    std::deque<protocol::PullInfo> m_pulls;               // the oldest first
    std::vector<std::weak_ptr<Follower>> m_followers;
};

}  // namespace easel::commands
