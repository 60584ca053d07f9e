// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "shared/protocol/generation.h"
#include "shared/protocol/job.h"

namespace easel::generator {

/// How long a worker may take before it is replaced.
struct WatchLimits {
    std::chrono::milliseconds loading{900'000};  ///< until it is ready
    std::chrono::milliseconds silence{60'000};   ///< without a frame, be it a heartbeat: the process hangs
    std::chrono::milliseconds firstStep{1'800'000};  ///< of a request, while its pace cannot be guessed
    std::chrono::milliseconds step{60'000};          ///< at least; else kPaces times the longest so far
    std::chrono::milliseconds cancel{60'000};        ///< until it obeys one, at least; see Watchdog::next
};

/// Knows since when one worker has owed what: being ready, a sign of life, the next step, obedience. It is
/// told the time, and is as safe with threads as whoever owns it.
class Watchdog {
public:
    using Clock = std::chrono::steady_clock;
    using Time = Clock::time_point;

    static constexpr int kPaces = 10;
    /// How many steps a picture may take to be encoded or decoded: tiles overlap, and a step of some models
    /// is a single pass.
    static constexpr int kCoding = 4;

    /// What is owed next, and the reproach when it does not come.
    struct Due {
        Time at;
        std::string why;  ///< "it gave no sign of life for 60 s"
    };

    /// A worker that is started at `now`.
    Watchdog(WatchLimits limits, Time now);

    void heard(Time now);  ///< any frame
    void becameReady();
    void loads(bool aModel, Time now);  ///< which may take as long as it may at the start
    void submitted(const std::string& id, const protocol::GenerationSettings& settings, Time now);
    void advanced(const std::string& id, const protocol::Progress& progress, Time now);
    void delivered(const std::string& id, Time now);  ///< a picture
    void cancelled(const std::string& id, Time now);
    void finished(const std::string& id, Time now);
    /// Nobody could listen for so long; that is not the worker's fault.
    void excuse(Clock::duration time);

    /// Time::max() when nothing is owed. A step takes as long as the size of its pass asks for, and no cancel
    /// is obeyed within one.
    Due next() const;

private:
    struct Request {
        double effort = 0;         ///< of a step of its first pass, at worst
        double largestEffort = 0;  ///< of its largest pass
        int firstSteps = 0;        ///< of the first passes of all its pictures
        bool inSteps = false;
        bool isLargest = false;  ///< and in the largest pass
        bool decodes = false;
        Clock::duration longestStep{};
        std::optional<Time> cancelledAt;
    };
    struct Pace {
        Clock::duration step{};
        double effort = 0;
    };
    using Seconds = std::chrono::duration<double>;

    void advanced(Request& request, Time now);
    std::optional<Seconds> guess(const Request& request) const;
    Clock::duration patience() const;

    WatchLimits m_limits;
    Time m_startedAt;
    std::optional<Time> m_heardAt;
    bool m_isReady = false;
    bool m_loads = false;
    Time m_advancedAt{};
    std::map<std::string, Request> m_requests;
    std::optional<Pace> m_pace;  // of the last finished request that made steps
};

}  // namespace easel::generator
