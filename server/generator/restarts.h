// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>

#include "server/generator/worker_options.h"
#include "shared/process/backoff.h"

namespace easel::generator {

/// How one start of a worker came to its end.
struct WorkerEnd {
    std::string missing;    ///< what it cannot be started without
    int startError = 0;     ///< an errno: it was not even started
    std::string how;        ///< "exit status 3"
    bool wasStuck = false;  ///< and ended for that; `how` says why
    bool wasReady = false;
    std::string refusal;  ///< the worker's own reason why it cannot work
};

/// How it ended, as what a sentence says of it.
std::string described(const WorkerEnd& end);

/// What comes of a worker's ends, one after another. For one thread.
class Restarts {
public:
    /// `options` outlives it.
    explicit Restarts(const WorkerOptions& options) : m_options(options) {}

    struct Verdict {
        std::string message;                ///< for a person
        bool failed = false;                ///< not before something is mended
        std::chrono::milliseconds pause{};  ///< before the next start
    };
    Verdict judge(const WorkerEnd& end);
    /// Whether the last ones did not become ready.
    bool haveFailed() const { return m_failed > 0; }

private:
    Verdict verdict(std::string message, bool failed, std::chrono::milliseconds pause) const;

    const WorkerOptions& m_options;
    int m_failed = 0;  // in a row
    process::Backoff m_backoff{m_options.firstPause, m_options.longestPause};
};

}  // namespace easel::generator
