// SPDX-License-Identifier: Apache-2.0
#include "server/jobs/followers.h"

namespace easel::jobs {

using protocol::JobEvent;
using protocol::JobEventType;

void Followers::Telling::operator()() const {
    if (!follower->gone) {
        follower->callback(*event);
    }
}

std::shared_ptr<Followers::Follower> Followers::add(const std::string& job, EventCallback callback) {
    auto follower = std::make_shared<Follower>();
    follower->callback = std::move(callback);
    m_followers[job].push_back(follower);
    return follower;
}

bool Followers::has(const std::string& job) {
    const auto found = m_followers.find(job);
    if (found == m_followers.end()) {
        return false;
    }
    std::erase_if(found->second, [](const auto& follower) { return follower->gone.load(); });
    if (found->second.empty()) {
        m_followers.erase(found);
        return false;
    }
    return true;
}

void Followers::tell(JobEvent event) {
    if (!has(event.job.id)) {
        return;
    }
    const auto shared = std::make_shared<const JobEvent>(std::move(event));
    for (const auto& follower : m_followers[shared->job.id]) {
        m_pending.push_back({follower, shared});
    }
    if (shared->type == JobEventType::Done) {
        m_followers.erase(shared->job.id);
    }
}

void Followers::tell(const std::shared_ptr<Follower>& follower, JobEvent event) {
    m_pending.push_back({follower, std::make_shared<const JobEvent>(std::move(event))});
}

}  // namespace easel::jobs
