// SPDX-License-Identifier: Apache-2.0
#include "server/commands/server_metrics.h"

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <string_view>
#include <variant>

#include <unistd.h>

namespace easel::commands {

namespace {

using metrics::Exposition;
using protocol::Job;
using protocol::JobState;
using protocol::Stage;

const std::vector<double> kSeconds{0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600};
/// From an answer out of memory to a picture that is waited for.
const std::vector<double> kRequestSeconds{0.001, 0.005, 0.025, 0.1, 0.25, 1, 2.5, 10, 30, 60, 300};

/// Anybody can make a method up, and each would be a series.
std::string methodOf(const std::string& method) {
    constexpr std::string_view kKnown[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
    return std::ranges::find(kKnown, method) != std::end(kKnown) ? method : "_OTHER";
}

double nowInSeconds() {
    return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

/// Of this process; 0 where /proc does not tell.
double residentBytes() {
    std::ifstream statm("/proc/self/statm");
    double whole = 0;
    double resident = 0;
    return statm >> whole >> resident ? resident * static_cast<double>(::sysconf(_SC_PAGESIZE)) : 0;
}

metrics::Labels nameOf(const protocol::DeviceInfo& device) {
    return {{"device", device.device}, {"id", device.id}};
}

/// One sample for each device.
template <typename Value>
void writeDevices(Exposition& text, const ServerMetrics::Present& present, std::string_view name,
                  std::string_view type, std::string_view help, Value value) {
    text.family(name, type, help);
    for (std::size_t i = 0; i < present.devices.size(); ++i) {
        text.sample(nameOf(present.devices[i]), static_cast<double>(value(i)));
    }
}

}  // namespace

ServerMetrics::ServerMetrics()
    : m_requests("http_server_request_duration_seconds", "From a request's first byte to its answer.",
                 kRequestSeconds),
      m_ended("easel_jobs_total", "Jobs that ended, by how."),
      m_images("easel_images_total", "Pictures that were drawn and stored."),
      m_steps("easel_steps_total", "Sampler steps that were drawn."),
      m_waits("easel_queue_wait_seconds", "From a job's acceptance to its first start.", kSeconds),
      m_durations("easel_job_duration_seconds",
                  "From a job's last start to its end, of those that succeeded.", kSeconds),
      m_stages("easel_stage_seconds", "Time that jobs spent in each stage of drawing.", kSeconds),
      m_startedAt(nowInSeconds()) {
    for (const JobState state : {JobState::Succeeded, JobState::Failed, JobState::Cancelled}) {
        m_ended.add({{"outcome", std::string(toString(state))}}, 0);
    }
    m_images.add({}, 0);
    m_steps.add({}, 0);
}

void ServerMetrics::answered(const http::Access& access) {
    if (access.method.empty()) {
        return;  // it never came to a request
    }
    m_requests.observe({{"http_request_method", methodOf(access.method)},
                        {"http_response_status_code", std::to_string(access.status)},
                        {"http_route", access.route}},
                       std::chrono::duration<double>(access.took).count());
}

void ServerMetrics::heard(const protocol::JobEvent& event) {
    const std::scoped_lock lock(m_mutex);
    if (const Job* const job = std::get_if<Job>(&event.news)) {
        return changed(*job);
    }
    if (const auto* const progress = std::get_if<protocol::Progress>(&event.news)) {
        if (const auto live = m_live.find(event.job); live != m_live.end()) {
            progressed(live->second, *progress);
        }
        return;
    }
    if (std::holds_alternative<protocol::ImageInfo>(event.news)) {
        m_images.add({});
    }
}

void ServerMetrics::changed(const Job& job) {
    const auto [place, isNew] = m_live.try_emplace(job.id);
    Live& live = place->second;
    const bool starts = job.state == JobState::Running && live.state != JobState::Running;
    if (isNew || starts) {
        live.step = job.progress.step;  // what was drawn before is not drawn now
        live.stage = Stage::Waiting;
        live.since = Clock::now();
    }
    if (starts && job.attempt == 1 && job.startedAt) {
        m_waits.observe(
            {}, static_cast<double>(std::max<std::int64_t>(*job.startedAt - job.createdAt, 0)) / 1000);
    }
    live.state = job.state;
    progressed(live, job.progress);
    if (!isFinished(job.state)) {
        return;
    }
    leaveStage(live, Stage::Waiting);
    m_live.erase(place);
    m_ended.add({{"outcome", std::string(toString(job.state))}});
    if (job.state == JobState::Succeeded && job.startedAt && job.finishedAt) {
        const auto took = std::max<std::int64_t>(*job.finishedAt - *job.startedAt, 0);
        m_durations.observe({}, static_cast<double>(took) / 1000);
    }
}

void ServerMetrics::progressed(Live& live, const protocol::Progress& progress) {
    if (progress.step > live.step) {
        m_steps.add({}, progress.step - live.step);
    }
    live.step = progress.step;
    if (progress.stage != live.stage) {
        leaveStage(live, progress.stage);
    }
}

void ServerMetrics::leaveStage(Live& live, Stage next) {
    const auto now = Clock::now();
    if (live.stage != Stage::Waiting) {
        m_stages.observe({{"stage", std::string(toString(live.stage))}},
                         std::chrono::duration<double>(now - live.since).count());
    }
    live.stage = next;
    live.since = now;
}

std::string ServerMetrics::text(const Present& present) const {
    Exposition text;
    const protocol::ServerInfo& server = present.server;
    text.family("easel_build_info", "gauge", "Always 1; its label tells the version.");
    text.sample({{"version", server.version}}, 1);
    text.gauge("easel_ready", "Whether it can draw just now.", server.ready ? 1 : 0);
    text.family("easel_queue_jobs", "gauge",
                "Jobs that are not finished. Those that are queued are the backlog.");
    text.sample({{"state", "held"}}, server.held);
    text.sample({{"state", "queued"}}, server.queued);
    text.sample({{"state", "running"}}, server.running);
    if (present.backlogSeconds) {
        text.gauge("easel_queue_backlog_seconds",
                   "Until all that is queued and running is drawn, at the present pace.",
                   *present.backlogSeconds);
    }
    text.gauge("easel_queue_paused", "Whether nothing is started.", server.paused ? 1 : 0);
    m_ended.write(text);
    m_waits.write(text);
    m_durations.write(text);
    m_stages.write(text);
    m_steps.write(text);
    m_images.write(text);
    const auto& devices = present.devices;
    const auto& tallies = present.tallies;
    writeDevices(text, present, "easel_device_ready", "gauge", "Whether the device takes jobs.",
                 [&](std::size_t i) { return devices[i].state == protocol::DeviceState::Ready ? 1 : 0; });
    writeDevices(text, present, "easel_device_jobs", "gauge", "Jobs that the device has.",
                 [&](std::size_t i) { return devices[i].running; });
    writeDevices(text, present, "easel_device_capacity_jobs", "gauge",
                 "Jobs that it is worth giving it at a time.",
                 [&](std::size_t i) { return devices[i].capacity; });
    writeDevices(text, present, "easel_device_memory_budget_bytes", "gauge",
                 "Memory that models and drawings may take there.",
                 [&](std::size_t i) { return devices[i].memoryBudget; });
    writeDevices(text, present, "easel_device_memory_models_bytes", "gauge", "Memory of it that models hold.",
                 [&](std::size_t i) { return devices[i].memoryUsed; });
    writeDevices(text, present, "easel_device_models", "gauge", "Models that it holds.",
                 [&](std::size_t i) { return devices[i].models.size(); });
    writeDevices(text, present, "easel_forward_passes_total", "counter", "Forward passes of a sampler step.",
                 [&](std::size_t i) { return tallies[i].passes; });
    writeDevices(
        text, present, "easel_forward_pass_pictures_total", "counter",
        "Pictures that took part in forward passes; by those it is the pictures in one, the batch's fill.",
        [&](std::size_t i) { return tallies[i].drawn; });
    writeDevices(text, present, "easel_worker_restarts_total", "counter",
                 "Processes that drew and were lost.", [&](std::size_t i) { return tallies[i].losses; });
    if (present.freeBytes) {
        text.gauge("easel_disk_free_bytes", "Room on the disk with jobs and pictures.",
                   static_cast<double>(*present.freeBytes));
    }
    m_requests.write(text);
    text.gauge("process_start_time_seconds", "When the server was started, since 1970.", m_startedAt);
    text.gauge("process_resident_memory_bytes", "Memory of the server's own process, without what draws.",
               residentBytes());
    return text.take();
}

}  // namespace easel::commands
