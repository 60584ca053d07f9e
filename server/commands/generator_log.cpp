// SPDX-License-Identifier: Apache-2.0
#include "server/commands/generator_log.h"

#include <utility>

#include <spdlog/spdlog.h>

namespace easel::commands {

void GeneratorLog::changed(const generator::Status& status) {
    const std::scoped_lock lock(m_mutex);
    if (std::string line = inOneLine(status); line != m_line) {
        spdlog::log(status.failed            ? spdlog::level::err
                    : status.warning.empty() ? spdlog::level::info
                                             : spdlog::level::warn,
                    line);
        m_line = std::move(line);
    }
    if (!status.kernels.empty() && m_notes.insert(status.kernels).second) {
        spdlog::info(status.kernels);
    }
    for (const std::string& note : status.notes) {
        if (m_notes.insert(note).second) {
            spdlog::info(note);
        }
    }
}

void GeneratorLog::heard(const protocol::ServerNews& news) {
    std::visit([this](const auto& each) { log(each); }, news);
}

void GeneratorLog::log(const protocol::ModelNews& model) {
    using Clock = std::chrono::steady_clock;
    const std::scoped_lock lock(m_mutex);
    const auto begun = m_loading.find(model.id);
    const std::chrono::duration<double> taken =
        begun == m_loading.end() ? Clock::duration{} : Clock::now() - begun->second;
    if (begun != m_loading.end()) {
        m_loading.erase(begun);
    }
    switch (model.state) {
        case protocol::ModelState::Failed:
            return spdlog::error("Model {} failed: {}", model.id, model.why);
        case protocol::ModelState::Available:
            return spdlog::info("Model {} is no longer held", model.id);
        case protocol::ModelState::Loading:
            m_loading[model.id] = Clock::now();
            return spdlog::info("Model {} is loading", model.id);
        case protocol::ModelState::Loaded:
            return spdlog::info("Model {} is loaded, after {:.1f} s", model.id, taken.count());
    }
}

/// How it is otherwise stands in the line about all of them.
void GeneratorLog::log(const protocol::DeviceInfo& device) {
    using enum protocol::DeviceState;
    const bool isUnused = device.state == Draining || device.state == Drained;
    const std::scoped_lock lock(m_mutex);
    const auto before = std::exchange(m_devices[device.id], device.state);
    if (before == device.state) {
        return;
    }
    if (isUnused) {
        spdlog::info("Device {} ({}) is {}", device.id, device.device, protocol::toString(device.state));
    } else if (before == Draining || before == Drained) {
        spdlog::info("Device {} ({}) is in use again", device.id, device.device);
    }
}

void GeneratorLog::log(const protocol::PullInfo& pull) {
    const std::scoped_lock lock(m_mutex);
    const auto [known, isNew] = m_pulls.try_emplace(pull.id, pull.state);
    if (!isNew && std::exchange(known->second, pull.state) == pull.state) {
        return;  // it got further
    }
    if (isFinished(pull.state)) {
        m_pulls.erase(known);
    }
    const char* const what = pull.task == protocol::PullTask::Verify ? "Verifying" : "Pulling";
    if (pull.problem) {
        return spdlog::error("{} {} failed: {}", what, pull.request.model, pull.problem->detail);
    }
    spdlog::info("{} {}: {}", what, pull.request.model, protocol::toString(pull.state));
}

}  // namespace easel::commands
