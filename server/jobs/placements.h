// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "server/jobs/active_jobs.h"
#include "server/jobs/job_store.h"
#include "shared/protocol/job.h"

namespace easel::jobs {

/// The places that `move` gives to a job and to those that make room for it. Errors: 409 conflict when it
/// does not wait for its first turn, 422 when `move.before` names none that does, or another client's.
protocol::Expected<std::vector<Placement>> placementsFor(const ActiveJobs& active, const std::string& id,
                                                         const protocol::Move& move);

}  // namespace easel::jobs
