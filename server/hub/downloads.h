// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <vector>

#include "server/hub/file_lock.h"
#include "server/hub/partial_file.h"
#include "server/hub/source.h"
#include "shared/protocol/problem.h"

namespace easel::hub {

/// Fetches files over several connections, large files in several parts at once. What is there of
/// one is taken up; what came is hashed before it gets its name; what another process fetches is waited for.
class Downloads {
public:
    struct Options {
        int connections = 4;
        std::int64_t partSize = std::int64_t{64} << 20;  ///< bytes
    };
    /// Makes a source for one thread.
    using Connect = std::function<std::unique_ptr<Source>()>;
    Downloads(Places places, Connect connect, Options options);

    /// Bytes of `file` that are there, be it complete or not.
    std::int64_t bytesHere(const RemoteFile& file) const;

    struct Done {
        std::int64_t bytes = 0;  ///< of all files, with what was here before
        int files = 0;
    };
    /// `onTick` is called on this thread about four times a second and at the end. Errors: the first that a
    /// file met; what is there is kept.
    protocol::Expected<void> run(const std::vector<RemoteFile>& files,
                                 const std::function<void(const Done&)>& onTick, const std::stop_token& stop);

private:
    struct OpenFile;
    struct Task {
        std::shared_ptr<OpenFile> file;
        std::size_t part = 0;
    };

    void work(const std::stop_token& stop);
    std::optional<Task> next(Source& source, const std::stop_token& stop);
    std::optional<Task> claim();
    protocol::Expected<std::shared_ptr<OpenFile>> open(Source& source, const RemoteFile& file,
                                                       const std::stop_token& stop);
    protocol::Expected<void> fetch(Source& source, const Task& task, const std::stop_token& stop);
    protocol::Expected<void> finish(const std::shared_ptr<OpenFile>& file, const std::stop_token& stop);
    void fail(protocol::Problem problem);
    void count(std::int64_t bytes, int files = 0);

    const Places m_places;
    const Connect m_connect;
    const Options m_options;

    std::stop_source m_ending;
    std::mutex m_mutex;
    std::condition_variable_any m_changed;
    std::deque<RemoteFile> m_waiting;
    std::list<std::shared_ptr<OpenFile>> m_open;  // with parts that nobody has taken yet
    int m_opening = 0;
    int m_working = 0;  // threads
    Done m_done;
    std::optional<protocol::Problem> m_problem;
};

}  // namespace easel::hub
