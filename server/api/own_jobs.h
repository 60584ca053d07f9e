// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "server/api/api.h"
#include "server/http/request.h"
#include "server/jobs/job_queue.h"
#include "shared/protocol/job.h"
#include "shared/protocol/problem.h"

namespace easel::api {

/// The queue as who asks sees it: his own jobs, or all of them for an admin. Others' are to him as if they
/// were not there: 404. Every route that names a job goes through this. See jobs::JobQueue.
class OwnJobs {
public:
    /// The service's queue outlives this.
    OwnJobs(const Service& service, const http::Request& request);

    protocol::Expected<protocol::Job> find(const std::string& id) const;
    protocol::Expected<protocol::JobPage> list(int limit, const std::optional<std::string>& before) const;
    protocol::Expected<protocol::Job> cancel(const std::string& id) const;
    protocol::Expected<void> remove(const std::string& id) const;
    protocol::Expected<protocol::Job> move(const std::string& id, const protocol::Move& move) const;
    protocol::Expected<protocol::Job> release(const std::string& id) const;
    protocol::Expected<jobs::JobQueue::StoredImage> image(const std::string& id, int index) const;
    protocol::Expected<jobs::Subscription> subscribe(const std::string& id,
                                                     std::optional<std::uint64_t> after,
                                                     jobs::EventCallback callback) const;

private:
    /// Whether the job is one of those that are seen. That stays so: a job's owner never changes.
    protocol::Expected<void> see(const std::string& id) const;

    jobs::JobQueue& m_queue;
    std::optional<std::string> m_owner;  ///< nothing: all are seen
};

}  // namespace easel::api
