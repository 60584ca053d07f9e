// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "shared/protocol/job.h"

namespace easel::commands {

/// Logs what becomes of each job, each thing once, with the id of the request that it came with. What people
/// write is not in it, unless that is asked for. From any thread.
class JobLog {
public:
    explicit JobLog(bool withPrompts) : m_withPrompts(withPrompts) {}

    void heard(const protocol::JobEvent& event);

private:
    void log(const protocol::Job& job) const;

    const bool m_withPrompts;
    std::mutex m_mutex;
    std::map<std::string, protocol::JobState> m_states;  // as they were told, of jobs that go on
};

}  // namespace easel::commands
