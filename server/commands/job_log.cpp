// SPDX-License-Identifier: Apache-2.0
#include "server/commands/job_log.h"

#include <variant>

#include <spdlog/fmt/fmt.h>
#include <spdlog/spdlog.h>

#include "server/commands/log.h"

namespace easel::commands {

namespace {

using protocol::Job;
using protocol::JobState;

std::string nameOf(const Job& job) {
    return job.requestId.empty() ? "Job " + job.id
                                 : fmt::format("Job {} of request {}", job.id, job.requestId);
}

std::string wishOf(const Job& job, bool withPrompt) {
    const protocol::GenerationSettings& wish = job.settings;
    std::string text =
        fmt::format("{}x{}, {} steps of {}, {} of {}", wish.width, wish.height, wish.steps, wish.sampler,
                    wish.count == 1 ? "a picture" : fmt::format("{} pictures", wish.count), wish.model);
    if (withPrompt) {
        text += fmt::format("; prompt: {}; negative prompt: {}", wish.prompt, wish.negativePrompt);
    }
    return text;
}

double secondsOf(const Job& job) {
    return static_cast<double>(job.finishedAt.value_or(0) - job.startedAt.value_or(job.createdAt)) / 1000.0;
}

}  // namespace

void JobLog::heard(const protocol::JobEvent& event) {
    const Job* const job = std::get_if<Job>(&event.news);
    if (job == nullptr) {
        return;
    }
    {
        const std::scoped_lock lock(m_mutex);
        const auto known = m_states.find(job->id);
        if (known != m_states.end() && known->second == job->state) {
            return;
        }
        if (isFinished(job->state)) {
            m_states.erase(job->id);
        } else {
            m_states[job->id] = job->state;
        }
    }
    const LogAbout about({.requestId = job->requestId, .jobId = job->id});
    log(*job);
}

void JobLog::log(const Job& job) const {
    const std::string name = nameOf(job);
    switch (job.state) {
        case JobState::Queued:
            return spdlog::info("{} waits: {}", name, wishOf(job, m_withPrompts));
        case JobState::Held:
            return spdlog::info("{} is held: {}", name, job.hold ? job.hold->detail : "");
        case JobState::Running:
            return spdlog::info("{} is drawn, attempt {}", name, job.attempt);
        case JobState::Succeeded:
            return spdlog::info("{} is done after {:.1f} s", name, secondsOf(job));
        case JobState::Failed:
            return spdlog::warn("{} failed: {}", name, job.error ? job.error->detail : "");
        case JobState::Cancelled:
            return spdlog::info("{} was cancelled", name);
    }
}

}  // namespace easel::commands
