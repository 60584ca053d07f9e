// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <set>
#include <string>

#include "server/commands/generator_news.h"
#include "server/generator/generator.h"

namespace easel::commands {

/// Logs what has become of what draws, each thing once. From any thread.
class GeneratorLog {
public:
    void changed(const generator::Status& status);
    void heard(const protocol::ServerNews& news);

private:
    void log(const protocol::ModelNews& model);
    void log(const protocol::DeviceInfo& device);
    void log(const protocol::PullInfo& pull);

    std::mutex m_mutex;
    std::string m_line;
    std::set<std::string> m_notes;
    std::map<std::string, std::chrono::steady_clock::time_point> m_loading;  // since when, by the model
    std::map<std::string, protocol::DeviceState> m_devices;
    std::map<std::string, protocol::PullState> m_pulls;
};

}  // namespace easel::commands
