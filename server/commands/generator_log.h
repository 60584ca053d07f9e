// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <mutex>
#include <set>
#include <string>

#include "server/generator/generator.h"

namespace easel::commands {

/// Logs what has become of what draws, each thing once. From any thread.
class GeneratorLog {
public:
    void changed(const generator::Status& status);

private:
    std::mutex m_mutex;
    std::string m_line;
    std::set<std::string> m_notes;
    std::map<std::string, protocol::ModelState> m_models;
};

}  // namespace easel::commands
