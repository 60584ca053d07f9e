// SPDX-License-Identifier: Apache-2.0
#include "server/commands/generator_log.h"

#include <utility>

#include <spdlog/spdlog.h>

namespace easel::commands {

void GeneratorLog::changed(const generator::Status& status) {
    const std::scoped_lock lock(m_mutex);
    if (std::string line = inOneLine(status); line != m_line) {
        spdlog::log(status.failed ? spdlog::level::err : spdlog::level::info, line);
        m_line = std::move(line);
    }
    for (const std::string& note : status.notes) {
        if (m_notes.insert(note).second) {
            spdlog::info(note);
        }
    }
    auto earlier = std::exchange(m_models, {});
    for (const generator::ModelStatus& model : status.models) {
        m_models[model.id] = model.state;
        const auto before = earlier.find(model.id);
        if (before != earlier.end() && before->second == model.state) {
            continue;
        }
        if (model.state == protocol::ModelState::Failed) {
            spdlog::error("Model {} failed: {}", model.id, model.message);
        } else {
            spdlog::info("Model {} is {}", model.id, protocol::toString(model.state));
        }
    }
    for (const auto& [id, state] : earlier) {
        if (!m_models.contains(id)) {
            spdlog::info("Model {} is no longer held", id);
        }
    }
}

}  // namespace easel::commands
