// SPDX-License-Identifier: Apache-2.0
#include "server/jobs/subscribers.h"

#include <algorithm>
#include <iterator>

namespace easel::jobs {

using protocol::JobEvent;

void Subscribers::Delivery::operator()() const {
    if (!subscriber->gone) {
        subscriber->callback(*event);
    }
}

std::shared_ptr<Subscribers::Subscriber> Subscribers::addToJob(const std::string& job,
                                                               EventCallback callback) {
    return add(m_ofJob, job, std::move(callback));
}

std::shared_ptr<Subscribers::Subscriber> Subscribers::addToOwner(const std::optional<std::string>& owner,
                                                                 EventCallback callback) {
    return owner ? add(m_ofOwner, *owner, std::move(callback)) : add(m_ofAll, {}, std::move(callback));
}

std::shared_ptr<Subscribers::Subscriber> Subscribers::add(Group& group, const std::string& key,
                                                          EventCallback callback) {
    auto subscriber = std::make_shared<Subscriber>();
    subscriber->callback = std::move(callback);
    group[key].push_back(subscriber);
    return subscriber;
}

bool Subscribers::has(const std::string& job, const std::string& owner) {
    const bool isFollowed = has(m_ofJob, job);
    const bool areAll = has(m_ofAll, {});
    return has(m_ofOwner, owner) || isFollowed || areAll;
}

/// Lets those go who have gone.
bool Subscribers::has(Group& group, const std::string& key) {
    const auto found = group.find(key);
    if (found == group.end()) {
        return false;
    }
    std::erase_if(found->second, [](const auto& subscriber) { return subscriber->gone.load(); });
    if (found->second.empty()) {
        group.erase(found);
        return false;
    }
    return true;
}

void Subscribers::tell(JobEvent event, const std::string& owner) {
    if (!has(event.job, owner)) {
        return;
    }
    const auto shared = std::make_shared<const JobEvent>(std::move(event));
    const std::string everybody;
    for (const auto& [group, key] : {std::pair(&m_ofJob, &shared->job), std::pair(&m_ofOwner, &owner),
                                     std::pair(&m_ofAll, &everybody)}) {
        if (const auto found = group->find(*key); found != group->end()) {
            for (const auto& subscriber : found->second) {
                m_pending.push_back({subscriber, shared});
            }
        }
    }
    if (isLast(*shared)) {
        m_ofJob.erase(shared->job);
    }
}

void Subscribers::tell(const std::shared_ptr<Subscriber>& subscriber, JobEvent event) {
    m_pending.push_back({subscriber, std::make_shared<const JobEvent>(std::move(event))});
}

std::vector<Subscribers::Delivery> Subscribers::takePending(std::uint64_t end) {
    const auto number = [](const Delivery& delivery) { return delivery.event->sequence; };
    std::ranges::stable_sort(m_pending, {}, number);
    const auto rest = std::ranges::lower_bound(m_pending, end, {}, number);
    std::vector<Delivery> taken(std::make_move_iterator(m_pending.begin()), std::make_move_iterator(rest));
    m_pending.erase(m_pending.begin(), rest);
    return taken;
}

}  // namespace easel::jobs
