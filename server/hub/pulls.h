// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "server/hub/pull.h"
#include "shared/protocol/problem.h"
#include "shared/protocol/pull_info.h"

namespace easel::hub {

/// The pulls that a server is asked for, one at a time on a thread of their own; the others wait. They are
/// remembered while this lives, the finished ones up to a hundred. From any thread.
class Pulls {
public:
    /// Does one and blocks, as `pull` and `verify` do.
    using Run = std::function<protocol::Expected<void>(const protocol::PullInfo&, const PullWatcher&,
                                                       const std::stop_token&)>;
    /// Is told each change of a pull; must neither block nor call this.
    using Tell = std::function<void(const protocol::PullInfo&)>;

    Pulls(Run run, Tell tell);
    /// Stops the one that runs; what it has stays.
    ~Pulls();
    Pulls(const Pulls&) = delete;
    Pulls& operator=(const Pulls&) = delete;

    /// Asked again for what has not ended yet, it answers that pull. Errors: 422 for a revision or a variant
    /// that is no name, 429 when too many wait.
    protocol::Expected<protocol::PullInfo> start(const protocol::PullRequest& request,
                                                 protocol::PullTask task = protocol::PullTask::Fetch);
    /// The newest first.
    std::vector<protocol::PullInfo> list() const;
    std::optional<protocol::PullInfo> find(const std::string& id) const;
    /// Nothing happens to one that has ended. Errors: 404.
    protocol::Expected<protocol::PullInfo> cancel(const std::string& id);

private:
    struct Entry {
        protocol::PullInfo info;
        std::stop_source stop = {};
    };

    void work(const std::stop_token& stop);
    void perform(Entry& entry, const std::stop_token& stop);
    void change(Entry& entry, const std::function<void(protocol::PullInfo&)>& change);
    void forgetTheOldest();

    const Run m_run;
    const Tell m_tell;
    const std::string m_prefix;  // ids are not those of a server before this one
    mutable std::mutex m_mutex;
    std::condition_variable_any m_changed;
    std::list<Entry> m_entries;  // the oldest first
    int m_last = 0;              // number
    std::jthread m_thread;
};

}  // namespace easel::hub
