// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>

namespace easel::hub {

/// How fast it goes, by what came in the last seconds. For one thread.
class Speed {
public:
    /// `bytes` are those that need no time any more.
    explicit Speed(std::int64_t bytes = 0);

    /// Bytes a second, now that there are `bytes` of them.
    double after(std::int64_t bytes);

private:
    using Clock = std::chrono::steady_clock;

    Clock::time_point m_at = Clock::now();
    std::int64_t m_bytes;
    double m_perSecond = 0;
    bool m_isKnown = false;
};

}  // namespace easel::hub
