// SPDX-License-Identifier: Apache-2.0
#include "server/api/awaiting.h"

#include <memory>
#include <utility>
#include <variant>

#include "server/jobs/job_queue.h"

namespace easel::api {

using protocol::Job;
using protocol::JobEvent;

void whenEnded(jobs::JobQueue& queue, const std::string& id, const http::Responder& responder,
               const Ended& ended) {
    auto subscription = queue.subscribe(id, {}, [ended](const JobEvent& event) {
        if (isLast(event)) {
            ended(std::get<Job>(event.news));
        }
    });
    if (!subscription) {
        return ended(tl::unexpected(subscription.error()));
    }
    // Kept until the answer is given or the client is gone, whichever is first.
    responder.onDisconnect(
        [&queue, id, kept = std::make_shared<jobs::Subscription>(std::move(*subscription))]() mutable {
            kept.reset();            // nobody is there to be told what comes of the next line
            (void)queue.cancel(id);  // finished in this very moment, or removed: just as well
        });
}

std::optional<protocol::Problem> whyNoPicture(const Job& job) {
    if (job.state == protocol::JobState::Succeeded && !job.images.empty()) {
        return {};
    }
    return job.error ? *job.error : protocol::conflict("The job was cancelled before its picture was made.");
}

}  // namespace easel::api
