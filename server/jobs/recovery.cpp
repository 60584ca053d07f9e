// SPDX-License-Identifier: Apache-2.0
#include "server/jobs/recovery.h"

#include <utility>

#include <fmt/core.h>

#include "server/generator/generator.h"

namespace easel::jobs {

using protocol::Expected;
using protocol::Job;
using protocol::JobState;
using protocol::Problem;

namespace {

void countLoss(JobRecord& record) {
    record.job.state = JobState::Queued;
    record.job.startedAt.reset();
    record.job.images.clear();
    ++record.losses;
}

Expected<bool> takeBack(JobStore& store, JobRecord& record, OnRestart policy) {
    Job& job = record.job;
    auto stored = store.requeue(job.id, job.attempt, Requeue::Lost);
    countLoss(record);
    if (policy == OnRestart::Retry) {
        return stored;
    }
    job.state = JobState::Held;
    job.hold = {protocol::HoldReason::Restarted, "The server ended while it was being drawn.",
                "Release it to have it drawn again, or cancel it."};
    return stored.and_then([&](bool taken) {
        return store.hold({{job.id, *job.hold}}).map([&] { return taken; });
    });
}

}  // namespace

Problem lostTooOften(const Problem& last, int losses) {
    return generator::workerLost(fmt::format("It was tried {} times. {}", losses, last.detail));
}

Expected<std::vector<JobRecord>> takeUp(
    JobStore& store, const QueueOptions& options,
    const std::function<Ending(const Job&, const Problem&)>& ending,
    const std::function<void(const std::string&, const Problem&)>& logProblem) {
    auto records = store.unfinished();
    if (!records) {
        return records;
    }
    std::vector<JobRecord> live;
    for (JobRecord& record : *records) {
        Job& job = record.job;
        if (job.state != JobState::Running) {
            live.push_back(std::move(record));
            continue;
        }
        const bool tooOften = record.losses >= options.maxRetries;
        const Problem lost = generator::workerLost("The server ended while it was being drawn.");
        const auto stored =
            tooOften ? store.finish(job.id, job.attempt, ending(job, lostTooOften(lost, record.losses + 1)))
                     : takeBack(store, record, options.onRestart);
        if (!stored) {
            // As with a requeue that cannot be stored: it is drawn, or told, once more.
            logProblem(fmt::format("What became of job {} cannot be stored", job.id), stored.error());
            if (tooOften) {
                countLoss(record);
            }
        } else if (tooOften) {
            continue;
        }
        live.push_back(std::move(record));
    }
    return live;
}

}  // namespace easel::jobs
