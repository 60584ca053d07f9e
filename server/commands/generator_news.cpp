// SPDX-License-Identifier: Apache-2.0
#include "server/commands/generator_news.h"

#include <algorithm>
#include <utility>

namespace easel::commands {

GeneratorNews::GeneratorNews(std::function<generator::Status()> status,
                             std::function<std::vector<protocol::DeviceInfo>()> devices)
    : m_status(std::move(status)), m_devices(std::move(devices)) {}

void GeneratorNews::changed() {
    // Asked for with the lock held, or an older answer could be told after a newer one.
    const std::scoped_lock lock(m_mutex);
    for (protocol::DeviceInfo& device : m_devices()) {
        if (protocol::DeviceInfo& known = m_known[device.id]; known != device) {
            known = std::move(device);
            tell(known);
        }
    }
    auto earlier = std::exchange(m_models, {});
    for (const generator::ModelStatus& model : m_status().models) {
        const protocol::ModelNews now{model.id, model.state, model.message};
        m_models[now.id] = now;
        if (const auto before = earlier.extract(now.id); before.empty() || before.mapped() != now) {
            tell(now);
        }
    }
    for (const auto& [id, model] : earlier) {
        tell(protocol::ModelNews{.id = id});
    }
}

void GeneratorNews::changed(const protocol::PullInfo& pull) {
    constexpr std::size_t kRemembered = 20;
    const std::scoped_lock lock(m_mutex);
    const auto known = std::ranges::find(m_pulls, pull.id, &protocol::PullInfo::id);
    if (known != m_pulls.end()) {
        *known = pull;
    } else {
        m_pulls.push_back(pull);
        if (m_pulls.size() > kRemembered && isFinished(m_pulls.front().state)) {
            m_pulls.pop_front();
        }
    }
    tell(pull);
}

std::shared_ptr<void> GeneratorNews::follow(Follower follower) {
    auto kept = std::make_shared<Follower>(std::move(follower));
    const std::scoped_lock lock(m_mutex);
    for (const auto& [id, device] : m_known) {
        (*kept)(device);
    }
    for (const auto& [id, model] : m_models) {
        (*kept)(model);
    }
    for (const protocol::PullInfo& pull : m_pulls) {
        (*kept)(pull);
    }
    m_followers.push_back(kept);
    return kept;
}

void GeneratorNews::tell(const protocol::ServerNews& news) {
    std::erase_if(m_followers, [&](const std::weak_ptr<Follower>& follower) {
        const auto here = follower.lock();
        if (here) {
            (*here)(news);
        }
        return !here;
    });
}

}  // namespace easel::commands
