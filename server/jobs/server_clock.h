// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>

namespace easel::jobs {

/// What the store keeps of time, in milliseconds.
struct KeptTime {
    std::int64_t latest = 0;  ///< no event number is from a later moment than this
    std::int64_t uptime = 0;  ///< how long the server has run in all

    bool operator==(const KeptTime&) const = default;
};

/// Time that the machine's clock cannot spoil. A clock may be wrong by years when a machine starts and may
/// be put right or wrong at any moment; what has passed while the server ran is certain. So ages are
/// measured in uptime, and event numbers grow with it from where the last process was. Threads may share
/// it once it is restored.
class ServerClock {
public:
    /// Goes on after `kept`; `now` is the machine's clock.
    void restore(KeptTime kept, std::int64_t now);

    std::int64_t uptime() const;
    /// Later than every number of an earlier process and moment: fewer than a thousand events are told per
    /// millisecond and job. Stays below 2^53 for the next two centuries.
    std::uint64_t sequence() const;
    /// What lets the next process go on after this one, as long as that is kept again within `lease`.
    KeptTime toKeep(std::chrono::milliseconds lease) const;

private:
    std::int64_t passed() const;

    std::chrono::steady_clock::time_point m_start = std::chrono::steady_clock::now();
    KeptTime m_atStart;
};

}  // namespace easel::jobs
