// SPDX-License-Identifier: Apache-2.0
#include "server/api/own_jobs.h"

#include <utility>

#include "server/api/callers.h"

namespace easel::api {

using protocol::Expected;
using protocol::Job;

OwnJobs::OwnJobs(const Service& service, const http::Request& request)
    : m_queue(service.queue), m_owner(isAdmin(request) ? std::nullopt : std::optional(ownerOf(request))) {}

Expected<void> OwnJobs::see(const std::string& id) const {
    if (!m_owner) {
        return {};
    }
    return m_queue.ownerOf(id).and_then([&](const std::string& owner) -> Expected<void> {
        if (owner != *m_owner) {
            return tl::unexpected(protocol::notFound("job " + id));
        }
        return {};
    });
}

Expected<Job> OwnJobs::find(const std::string& id) const {
    return see(id).and_then([&] { return m_queue.find(id); });
}

Expected<protocol::JobPage> OwnJobs::list(int limit, const std::optional<std::string>& before) const {
    return m_queue.list(limit, before, m_owner);
}

Expected<Job> OwnJobs::cancel(const std::string& id) const {
    return see(id).and_then([&] { return m_queue.cancel(id); });
}

Expected<void> OwnJobs::remove(const std::string& id) const {
    return see(id).and_then([&] { return m_queue.remove(id); });
}

Expected<Job> OwnJobs::move(const std::string& id, const protocol::Move& move) const {
    return see(id).and_then([&] { return m_queue.move(id, move); });
}

Expected<Job> OwnJobs::release(const std::string& id) const {
    return see(id).and_then([&] { return m_queue.release(id); });
}

Expected<jobs::JobQueue::StoredImage> OwnJobs::image(const std::string& id, int index) const {
    return see(id).and_then([&] { return m_queue.image(id, index); });
}

Expected<jobs::Subscription> OwnJobs::subscribe(const std::string& id, std::optional<std::uint64_t> after,
                                                jobs::EventCallback callback) const {
    return see(id).and_then([&] { return m_queue.subscribe(id, after, std::move(callback)); });
}

}  // namespace easel::api
