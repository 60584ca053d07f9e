// SPDX-License-Identifier: Apache-2.0
#include "server/generator/watchdog.h"

#include <algorithm>
#include <string_view>

#include <fmt/core.h>

#include "shared/protocol/passes.h"
#include "shared/protocol/work.h"

namespace easel::generator {

namespace {

using protocol::GenerationSettings;

/// Of a step, in no unit. At worst its time grows with the square of the pixels: attention compares all with
/// all.
double effortOf(const GenerationSettings& settings, const protocol::Pass& pass) {
    const double pixels = double(pass.width) * pass.height;
    return pixels * pixels * protocol::halfPassesOf(settings);
}

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

void Watchdog::submitted(const std::string& id, const GenerationSettings& settings, Time now) {
    if (m_requests.empty()) {
        m_advancedAt = now;
    }
    const auto first = protocol::firstPassOf(settings);
    const auto second = protocol::secondPassOf(settings);
    Request& request = m_requests[id];
    request.effort = effortOf(settings, first);
    request.largestEffort = std::max(request.effort, second ? effortOf(settings, *second) : 0);
    request.firstSteps = first.taken() * settings.count;
}

void Watchdog::advanced(const std::string& id, const protocol::Progress& progress, Time now) {
    const auto found = m_requests.find(id);
    if (found == m_requests.end()) {
        return;
    }
    Request& request = found->second;
    if (progress.step > 0) {
        advanced(request, now);
        request.isLargest = request.isLargest || progress.step > request.firstSteps;
    }
    request.decodes = progress.stage == protocol::Stage::Decoding;
    m_advancedAt = now;
}

void Watchdog::delivered(const std::string& id, Time now) {
    if (const auto found = m_requests.find(id); found != m_requests.end()) {
        advanced(found->second, now);
        m_advancedAt = now;
    }
}

void Watchdog::advanced(Request& request, Time now) {
    request.inSteps = true;
    request.longestStep = std::max(request.longestStep, now - m_advancedAt);
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
        m_pace = Pace{found->second.longestStep, found->second.largestEffort};
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

/// How long its next step may take, by its own pace or else by another's; nothing where neither is known.
std::optional<Watchdog::Seconds> Watchdog::guess(const Request& request) const {
    const auto grown = [this](Seconds pace, double by) {
        return std::max(pace, std::min(by * pace, Seconds(m_limits.firstStep)));
    };
    if (request.inSteps) {
        // The next one may be the first of a larger pass, to which the picture comes decoded and encoded.
        const bool mayGrow = !request.isLargest && request.largestEffort > request.effort;
        const double growth = mayGrow ? request.largestEffort / request.effort : 1;
        const int coding = mayGrow || request.decodes ? kCoding : 1;
        return grown(kPaces * Seconds(request.longestStep), growth * coding);
    }
    if (m_pace) {
        const double growth = std::max(1.0, request.effort / m_pace->effort);
        return std::min(kPaces * growth * Seconds(m_pace->step), Seconds(m_limits.firstStep));
    }
    return {};
}

/// For the next step of what is in flight.
Watchdog::Clock::duration Watchdog::patience() const {
    Seconds longest = m_loads ? std::max(m_limits.step, m_limits.loading) : m_limits.step;
    for (const auto& [id, request] : m_requests) {
        longest = std::max(longest, guess(request).value_or(m_limits.firstStep));
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
            const auto step = guess(request).value_or(Seconds::zero());
            consider(
                *request.cancelledAt,
                std::max<Clock::duration>(m_limits.cancel, std::chrono::duration_cast<Clock::duration>(step)),
                "it did not obey a cancel for");
        }
    }
    return next;
}

}  // namespace easel::generator
