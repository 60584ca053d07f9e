// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>

namespace easel::process {

/// How long to wait before each further try: twice as long as the time before, up to a bound, and as at first
/// again once a try has worked. A value; threads do not share one.
class Backoff {
public:
    using Pause = std::chrono::milliseconds;

    /// `first` is at least 0, and no longer than `longest`, or else cut to it.
    constexpr explicit Backoff(Pause first, Pause longest = Pause::max())
        : m_first(std::min(first, longest)), m_longest(longest), m_next(m_first) {}

    /// The pause before the next try; the one after it is longer.
    constexpr Pause next() {
        const Pause pause = m_next;
        m_next = pause > m_longest / 2 ? m_longest : 2 * pause;
        return pause;
    }

    constexpr void reset() { m_next = m_first; }

private:
    Pause m_first;
    Pause m_longest;
    Pause m_next;
};

}  // namespace easel::process
