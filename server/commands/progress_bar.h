// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <mutex>
#include <string>

#include "shared/protocol/eta.h"
#include "shared/protocol/job.h"

namespace easel::commands {

/// "42 %  1.80 GB of 4.27 GB, 3 of 12 files, 38.2 MB/s, 65 s left"; `counted` is what stands in the middle.
std::string progressOfBytes(std::int64_t done, std::int64_t all, const std::string& counted,
                            double perSecond);

/// One line on standard error that says how far things are, if that is a terminal; else nothing. Safe to
/// call from any thread.
class ProgressBar {
public:
    ProgressBar();
    ~ProgressBar();

    void say(const std::string& what);
    void show(const protocol::Progress& progress);
    /// Takes the line away, for other output.
    void clear();

private:
    void draw(const std::string& line);

    const bool m_isTerminal;
    std::mutex m_mutex;
    bool m_isDrawn = false;
    protocol::Eta m_eta;
};

}  // namespace easel::commands
