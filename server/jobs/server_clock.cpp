// SPDX-License-Identifier: Apache-2.0
#include "server/jobs/server_clock.h"

#include <algorithm>

namespace easel::jobs {

void ServerClock::restore(KeptTime kept, std::int64_t now) {
    m_start = std::chrono::steady_clock::now();
    m_atStart = {std::max(kept.latest, now), kept.uptime};
}

std::int64_t ServerClock::uptime() const {
    return m_atStart.uptime + passed();
}

std::uint64_t ServerClock::sequence() const {
    return static_cast<std::uint64_t>(m_atStart.latest + passed()) * 1000;
}

KeptTime ServerClock::toKeep(std::chrono::milliseconds lease) const {
    // One more: the last number of this process may be from this very millisecond.
    return {m_atStart.latest + passed() + lease.count() + 1, uptime()};
}

std::int64_t ServerClock::passed() const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - m_start)
        .count();
}

}  // namespace easel::jobs
