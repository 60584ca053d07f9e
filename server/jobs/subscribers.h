// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "shared/protocol/job.h"

namespace easel::jobs {

using EventCallback = std::function<void(const protocol::JobEvent&)>;

/// Follows events for as long as it lives. From the moment of its end on no further call begins, but one may
/// still be under way: a callback owns what it uses.
class Subscription {
public:
    Subscription() = default;
    explicit Subscription(std::shared_ptr<void> subscriber) : m_subscriber(std::move(subscriber)) {}

private:
    std::shared_ptr<void> m_subscriber;
};

/// Who follows which job, all jobs of which owner, or all jobs, and what they are still to be told. Guarded
/// by its owner, but for the calls that `takePending` hands out, which are made without any lock.
class Subscribers {
public:
    struct Subscriber {
        EventCallback callback;
        std::atomic<bool> gone = false;
    };
    /// One call to be made.
    struct Delivery {
        std::shared_ptr<Subscriber> subscriber;
        std::shared_ptr<const protocol::JobEvent> event;

        void operator()() const;
    };

    std::shared_ptr<Subscriber> addToJob(const std::string& job, EventCallback callback);
    /// Without an owner: to everybody's.
    std::shared_ptr<Subscriber> addToOwner(const std::optional<std::string>& owner, EventCallback callback);
    /// Whether anybody would hear of `job`, which is `owner`'s.
    bool has(const std::string& job, const std::string& owner);
    /// To all who follow the event's job or its owner; after the last event the former are let go.
    void tell(protocol::JobEvent event, const std::string& owner);
    /// To one of them.
    void tell(const std::shared_ptr<Subscriber>& subscriber, protocol::JobEvent event);

    /// In the order of the events' numbers; those from `end` on stay.
    std::vector<Delivery> takePending(std::uint64_t end);

private:
    using Group = std::unordered_map<std::string, std::vector<std::shared_ptr<Subscriber>>>;

    static std::shared_ptr<Subscriber> add(Group& group, const std::string& key, EventCallback callback);
    static bool has(Group& group, const std::string& key);

    Group m_ofJob;
    Group m_ofOwner;
    Group m_ofAll;  // one, without a key
    std::vector<Delivery> m_pending;
};

}  // namespace easel::jobs
