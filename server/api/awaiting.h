// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "server/http/responder.h"
#include "shared/protocol/job.h"
#include "shared/protocol/problem.h"

namespace easel::jobs {
class JobQueue;
}

/// A job's end as the answer to one request: what every route does whose client waits for a picture.
namespace easel::api {

/// Takes the job as it ended, or, where there is no job of that id, the 404.
using Ended = std::function<void(const protocol::Expected<protocol::Job>& job)>;

/// Follows job `id` to its end and then calls `ended`, once, which answers `responder`. That is from the
/// queue's thread, so `ended` must not block; from the caller's, before this returns, when there is no such
/// job. A job that has ended already is told like any other.
///
/// When the client goes before it is answered the job is cancelled, and `ended` is not called unless the call
/// is under way; nor is it when the server stops first. Until then `responder` keeps what is needed: nothing
/// is left to the caller. The queue outlives `responder`. This takes Responder::onDisconnect, so a request
/// waits for one job at a time.
void whenEnded(jobs::JobQueue& queue, const std::string& id, const http::Responder& responder,
               const Ended& ended);

/// Why a job that has ended has no picture to show; nothing when it has. 409 for one that was cancelled, else
/// what the job itself says.
std::optional<protocol::Problem> whyNoPicture(const protocol::Job& job);

}  // namespace easel::api
