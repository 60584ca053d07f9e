// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace easel::generator {

/// How long a worker may take before it is replaced.
struct WatchLimits {
    std::chrono::milliseconds loading{900'000};  ///< until it is ready
    std::chrono::milliseconds silence{60'000};   ///< without a frame, be it a heartbeat: the process hangs
    std::chrono::milliseconds firstStep{1'800'000};  ///< of a request, while its pace cannot be guessed
    std::chrono::milliseconds step{60'000};          ///< at least; else kPaces times the longest so far
    std::chrono::milliseconds cancel{60'000};        ///< until it obeys one
};

/// Knows since when one worker has owed what: being ready, a sign of life, the next step, obedience. It is
/// told the time, and is as safe with threads as whoever owns it.
class Watchdog {
public:
    using Clock = std::chrono::steady_clock;
    using Time = Clock::time_point;

    static constexpr int kPaces = 10;

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
    void submitted(const std::string& id, std::int64_t pixels, Time now);
    void advanced(const std::string& id, bool inSteps, Time now);  ///< `inSteps`: and has made one before
    void cancelled(const std::string& id, Time now);
    void finished(const std::string& id, Time now);
    /// Nobody could listen for so long; that is not the worker's fault.
    void excuse(Clock::duration time);

    /// Time::max() when nothing is owed.
    Due next() const;

private:
    struct Request {
        std::int64_t pixels = 0;
        bool inSteps = false;
        Clock::duration longestStep{};
        std::optional<Time> cancelledAt;
    };
    struct Pace {
        Clock::duration step{};
        std::int64_t pixels = 0;
    };

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
