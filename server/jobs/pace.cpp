// SPDX-License-Identifier: Apache-2.0
#include "server/jobs/pace.h"

#include <cmath>

namespace easel::jobs {

namespace {
/// Seconds of drawing after which what was measured counts a third: some jobs, so that one odd one does not
/// decide, and still soon what the device does now.
constexpr double kMemory = 300;
}  // namespace

void Pace::add(double work, double seconds) {
    const double kept = std::exp(-seconds / kMemory);
    m_work = m_work * kept + work;
    m_seconds = m_seconds * kept + seconds;
}

std::optional<double> Pace::seconds() const {
    return m_work > 0 && m_seconds > 0 ? std::optional(m_seconds / m_work) : std::nullopt;
}

void HourOfWork::update(const Pace& pace) {
    const auto seconds = pace.seconds();
    if (!seconds) {
        return;
    }
    constexpr double kHour = 3600;
    constexpr double kChange = 1.25;
    const double work = kHour / *seconds;
    if (!m_work || work > *m_work * kChange || work < *m_work / kChange) {
        const double unit = std::pow(10, std::floor(std::log10(work)) - 1);
        m_work = std::floor(work / unit) * unit;
    }
}

}  // namespace easel::jobs
