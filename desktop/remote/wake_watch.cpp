// SPDX-License-Identifier: Apache-2.0
#include "desktop/remote/wake_watch.h"

#include <QNetworkInformation>

#include <ctime>
#include <utility>

namespace easel::remote {

using namespace std::chrono_literals;

namespace {

/// The two clocks are read one after the other; what lies between is no sleep.
constexpr auto kNap = 1s;

std::chrono::nanoseconds read(clockid_t clock) {
    timespec now{};
    ::clock_gettime(clock, &now);
    return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

/// Of the kernel's two clocks one stands still while the computer sleeps.
std::chrono::nanoseconds timeAsleep() {
    return read(CLOCK_BOOTTIME) - read(CLOCK_MONOTONIC);
}

}  // namespace

WakeWatch::WakeWatch(QObject* parent) : WakeWatch(timeAsleep, 2s, parent) {
    watchNetwork();
}

WakeWatch::WakeWatch(Asleep asleep, std::chrono::milliseconds interval, QObject* parent)
    : QObject(parent), m_asleep(std::move(asleep)), m_before(m_asleep()) {
    connect(&m_clock, &QTimer::timeout, this, &WakeWatch::look);
    m_clock.start(interval);
}

void WakeWatch::look() {
    const auto now = m_asleep();
    if (now - std::exchange(m_before, now) >= kNap) {
        Q_EMIT woke();
    }
}

void WakeWatch::watchNetwork() {
    using Feature = QNetworkInformation::Feature;
    using Reachability = QNetworkInformation::Reachability;
    if (!QNetworkInformation::loadBackendByFeatures(Feature::Reachability)) {
        return;  // Nobody tells; the link tries again by itself.
    }
    const auto* network = QNetworkInformation::instance();
    connect(network, &QNetworkInformation::reachabilityChanged, this, [this](Reachability now) {
        if (now == Reachability::Online || now == Reachability::Site || now == Reachability::Local) {
            Q_EMIT woke();
        }
    });
}

}  // namespace easel::remote
