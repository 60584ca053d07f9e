// SPDX-License-Identifier: Apache-2.0
#include "server/hub/speed.h"

#include <algorithm>
#include <cmath>

namespace easel::hub {

namespace {

constexpr double kLeast = 0.2;  // seconds
constexpr double kMemory = 3;   // seconds

}  // namespace

Speed::Speed(std::int64_t bytes) : m_bytes(bytes) {}

double Speed::after(std::int64_t bytes) {
    const auto now = Clock::now();
    const double seconds = std::chrono::duration<double>(now - m_at).count();
    if (seconds < kLeast) {
        return m_perSecond;
    }
    const double latest = std::max(0.0, static_cast<double>(bytes - m_bytes) / seconds);
    const double weight = m_isKnown ? 1 - std::exp(-seconds / kMemory) : 1;
    m_perSecond += weight * (latest - m_perSecond);
    m_bytes = bytes;
    m_at = now;
    m_isKnown = true;
    return m_perSecond;
}

}  // namespace easel::hub
