// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "shared/protocol/job.h"

namespace easel::jobs {

using EventCallback = std::function<void(const protocol::JobEvent&)>;

/// Who follows which job, and what they are still to be told. Guarded by its owner, but for the calls
/// that `takePending` hands out, which are made without any lock.
class Followers {
public:
    struct Follower {
        EventCallback callback;
        std::atomic<bool> gone = false;
    };
    /// One call to be made.
    struct Telling {
        std::shared_ptr<Follower> follower;
        std::shared_ptr<const protocol::JobEvent> event;

        void operator()() const;
    };

    std::shared_ptr<Follower> add(const std::string& job, EventCallback callback);
    /// Whether anybody would hear of `job`.
    bool has(const std::string& job);
    /// To all followers of the event's job; after Done they are let go.
    void tell(protocol::JobEvent event);
    /// To one of them.
    void tell(const std::shared_ptr<Follower>& follower, protocol::JobEvent event);

    bool hasPending() const { return !m_pending.empty(); }
    std::vector<Telling> takePending() { return std::exchange(m_pending, {}); }

private:
    std::unordered_map<std::string, std::vector<std::shared_ptr<Follower>>> m_followers;
    std::vector<Telling> m_pending;
};

}  // namespace easel::jobs
