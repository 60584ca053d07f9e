// SPDX-License-Identifier: Apache-2.0
#include "server/generator/watchdog.h"

#include <algorithm>
#include <string_view>

#include <fmt/core.h>

namespace easel::generator {

namespace {

using Seconds = std::chrono::duration<double>;

std::int64_t inSeconds(Watchdog::Clock::duration time) {
    return std::chrono::ceil<std::chrono::seconds>(time).count();
}

}  // namespace

Watchdog::Watchdog(WatchLimits limits, Time now) : m_limits(limits), m_startedAt(now) {}

void Watchdog::heard(Time now) {
    m_heardAt = now;
}

void Watchdog::becameReady() {
    m_isReady = true;
}

void Watchdog::loads(bool aModel, Time now) {
    if (m_loads != aModel) {
        m_loads = aModel;
        m_advancedAt = now;
    }
}

void Watchdog::submitted(const std::string& id, std::int64_t pixels, Time now) {
    if (m_requests.empty()) {
        m_advancedAt = now;
    }
    m_requests[id].pixels = pixels;
}

void Watchdog::advanced(const std::string& id, bool inSteps, Time now) {
    const auto found = m_requests.find(id);
    if (found == m_requests.end()) {
        return;
    }
    if (inSteps) {
        found->second.inSteps = true;
        found->second.longestStep = std::max(found->second.longestStep, now - m_advancedAt);
    }
    m_advancedAt = now;
}

void Watchdog::cancelled(const std::string& id, Time now) {
    if (const auto found = m_requests.find(id); found != m_requests.end()) {
        found->second.cancelledAt = found->second.cancelledAt.value_or(now);
    }
}

void Watchdog::finished(const std::string& id, Time now) {
    const auto found = m_requests.find(id);
    if (found == m_requests.end()) {
        return;
    }
    if (found->second.inSteps) {
        m_pace = Pace{found->second.longestStep, found->second.pixels};
    }
    m_requests.erase(found);
    m_advancedAt = now;
}

void Watchdog::excuse(Clock::duration time) {
    m_startedAt += time;
    m_advancedAt += time;
    if (m_heardAt) {
        *m_heardAt += time;
    }
    for (auto& [id, request] : m_requests) {
        if (request.cancelledAt) {
            *request.cancelledAt += time;
        }
    }
}

/// For the next step of what is in flight.
Watchdog::Clock::duration Watchdog::patience() const {
    Seconds longest = m_loads ? std::max(m_limits.step, m_limits.loading) : m_limits.step;
    for (const auto& [id, request] : m_requests) {
        if (request.inSteps) {
            longest = std::max(longest, kPaces * Seconds(request.longestStep));
        } else if (m_pace) {
            // At worst a step's time grows with the square of the pixels: attention compares all with all.
            const double ratio =
                std::max(1.0, static_cast<double>(request.pixels) / static_cast<double>(m_pace->pixels));
            const Seconds guess = kPaces * ratio * ratio * Seconds(m_pace->step);
            longest = std::max(longest, std::min(guess, Seconds(m_limits.firstStep)));
        } else {
            longest = std::max(longest, Seconds(m_limits.firstStep));
        }
    }
    return std::chrono::duration_cast<Clock::duration>(longest);
}

Watchdog::Due Watchdog::next() const {
    Due next{Time::max(), {}};
    const auto consider = [&](Time since, Clock::duration limit, std::string_view what) {
        if (since + limit < next.at) {
            next = {since + limit, fmt::format("{} {} s", what, inSeconds(limit))};
        }
    };
    if (!m_isReady) {
        consider(m_startedAt, m_limits.loading, "it was not ready after");
    }
    if (m_heardAt) {
        consider(*m_heardAt, m_limits.silence, "it gave no sign of life for");
    }
    if (!m_requests.empty()) {
        consider(m_advancedAt, patience(), "it made no step for");
    }
    for (const auto& [id, request] : m_requests) {
        if (request.cancelledAt) {
            consider(*request.cancelledAt, m_limits.cancel, "it did not obey a cancel for");
        }
    }
    return next;
}

}  // namespace easel::generator
