// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <string>

#include "server/generator/frames.h"

namespace easel::worker {

/// The requests that wait, in order of arrival, and the one that is being drawn. Filled by the thread that
/// reads the socket, emptied by the one that draws.
class Inbox {
public:
    void put(generator::Generate request);
    /// Waits for the next request, which is then the current one.
    generator::Generate take();
    /// True when `id` was waiting and is not any more. The current one is told by isCancelled().
    bool cancel(const std::string& id);
    /// Whether the current request was cancelled.
    bool isCancelled() const;

private:
    mutable std::mutex m_mutex;
    std::condition_variable m_arrived;
    std::deque<generator::Generate> m_waiting;
    std::string m_current;
    bool m_cancelled = false;
};

}  // namespace easel::worker
