// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "server/jobs/job_store.h"
#include "server/jobs/queue_options.h"
#include "shared/protocol/problem.h"

namespace easel::jobs {

protocol::Problem lostTooOften(const protocol::Problem& last, int losses);

/// What an earlier process left unfinished, each as it is to go on: what was running is a lost attempt and
/// waits again, or is held, as `options` say, or has failed for good and is not answered. `ending` makes the
/// end of a job that failed; `logProblem` is told what cannot be stored.
protocol::Expected<std::vector<JobRecord>> takeUp(
    JobStore& store, const QueueOptions& options,
    const std::function<Ending(const protocol::Job&, const protocol::Problem&)>& ending,
    const std::function<void(const std::string&, const protocol::Problem&)>& logProblem);

}  // namespace easel::jobs
