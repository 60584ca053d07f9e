// SPDX-License-Identifier: Apache-2.0
#include "desktop/cloud/machine_keeper.h"

#include <QSettings>

#include <algorithm>
#include <utility>

#include "desktop/cloud/machine_words.h"
#include "desktop/preferences/preferences.h"
#include "desktop/remote/server_link.h"
#include "desktop/remote/servers.h"

namespace easel::cloud {

using namespace std::chrono_literals;

namespace {

constexpr auto kProlongPause = 5min;  // whether it worked or not
constexpr double kMsInHour = 3'600'000;

int secondsOf(std::chrono::milliseconds span) {
    return static_cast<int>(std::chrono::ceil<std::chrono::seconds>(span).count());
}

}  // namespace

MachineKeeper::MachineKeeper(CloudDesk& desk, remote::Servers& servers, remote::ServerLink& link,
                             QSettings& settings, QObject* parent)
    : MachineKeeper(desk, servers, link, settings, Timing(), parent) {}

MachineKeeper::MachineKeeper(CloudDesk& desk, remote::Servers& servers, remote::ServerLink& link,
                             QSettings& settings, Timing timing, QObject* parent)
    : QObject(parent),
      m_desk(desk),
      m_servers(servers),
      m_link(link),
      m_settings(settings),
      m_timing(std::move(timing)),
      m_pictures(PictureCount::from(settings)) {
    m_clock.start();
    m_lookTimer.setInterval(m_timing.look);
    m_tickTimer.setInterval(m_timing.tick);
    connect(&m_lookTimer, &QTimer::timeout, this, &MachineKeeper::look);
    connect(&m_tickTimer, &QTimer::timeout, this, &MachineKeeper::tick);
    connect(&m_servers, &remote::Servers::changed, this, &MachineKeeper::onServers);
    connect(&m_link, &remote::ServerLink::stateChanged, this, [this](remote::ServerLink::State state) {
        if (m_place && state == remote::ServerLink::State::NoTunnel) {
            look();  // It may have been switched off.
        }
    });
    connect(&m_desk, &CloudDesk::machineTold, this, [this](const Machine& machine) {
        if (m_place == machine.place) {
            take(machine);
        }
    });
    connect(&m_desk, &CloudDesk::changed, this, &MachineKeeper::changed);
    connect(
        &m_desk, &CloudDesk::did, this,
        [this](CloudDesk::Deed deed, const protocol::GcpPlace& place, const std::optional<Failure>& failure) {
            if (m_place == place) {
                onDid(deed, failure);
            }
        });
    onServers();
}

MachineKeeper::~MachineKeeper() = default;

std::chrono::milliseconds MachineKeeper::now() const {
    return m_timing.now ? m_timing.now() : std::chrono::milliseconds(m_clock.elapsed());
}

void MachineKeeper::onServers() {
    const remote::ServerProfile* server = m_servers.current();
    const auto place = server != nullptr ? server->gcp : std::nullopt;
    if (place == m_place) {
        return;
    }
    m_place = place;
    m_machine.reset();
    m_failure.reset();
    m_stopsAt.reset();
    m_prolongAgainAt.reset();
    m_asksToProlong = false;
    m_busyAt = now();
    GcpCall::endLater(std::move(m_look));
    if (m_place) {
        m_lookTimer.start();
        m_tickTimer.start();
        look();
    } else {
        m_lookTimer.stop();
        m_tickTimer.stop();
    }
    Q_EMIT changed();
}

void MachineKeeper::look() {
    if (!m_place || m_look) {
        return;
    }
    m_look = std::make_unique<GcpCall>(m_desk.program(),
                                       QStringList{QStringLiteral("status")} << placeArguments(*m_place));
    connect(m_look.get(), &GcpCall::said, this, [this](const Event& event) {
        const auto* told = std::get_if<Machine>(&event);
        if (told == nullptr) {
            return;
        }
        Machine machine = *told;
        if (machine.state == Machine::State::Missing) {
            machine.place = *m_place;  // What is nowhere has no zone.
        }
        if (machine.place == m_place) {
            take(machine);
        }
    });
    // Why it can't be told is told where the tunnel is.
    connect(m_look.get(), &GcpCall::ended, this, [this] { GcpCall::endLater(std::move(m_look)); });
    m_look->start();
}

void MachineKeeper::take(const Machine& machine) {
    const bool wasRunning = isRunning();
    m_machine = machine;
    m_toldAt = now();
    if (isRunning()) {
        m_pictures.follow(machine.place, machine.startedAt);
        m_pictures.save(m_settings);
        m_busyAt = wasRunning ? m_busyAt : now();
    }
    Q_EMIT changed();
}

void MachineKeeper::setWork(int jobs) {
    m_jobs = jobs;
    tick();
}

void MachineKeeper::countPicture() {
    if (m_place && isRunning()) {
        m_pictures.add();
        m_pictures.save(m_settings);
        Q_EMIT changed();
    }
}

std::optional<int> MachineKeeper::secondsLeft() const {
    if (!isRunning() || !m_machine->secondsLeft) {
        return std::nullopt;
    }
    return std::max(0, *m_machine->secondsLeft - static_cast<int>((now() - m_toldAt) / 1s));
}

double MachineKeeper::cost() const {
    if (!m_machine) {
        return 0;
    }
    const double since = isRunning() ? static_cast<double>((now() - m_toldAt).count()) / kMsInHour : 0;
    return m_machine->cost + since * m_machine->hourly;
}

std::optional<CloudDesk::Deed> MachineKeeper::deed() const {
    return m_place ? m_desk.deedOn(*m_place) : std::nullopt;
}

QString MachineKeeper::step() const {
    return m_place ? m_desk.stepOn(*m_place) : QString();
}

void MachineKeeper::dismissFailure() {
    m_failure.reset();
    Q_EMIT changed();
}

bool MachineKeeper::prolongs() const {
    return preferences::kCloudProlongs.of(m_settings);
}

bool MachineKeeper::hasSaidWhetherToProlong() const {
    return preferences::kCloudProlongs.isSet(m_settings);
}

void MachineKeeper::setProlongs(bool prolongs) {
    preferences::kCloudProlongs.set(m_settings, prolongs);
    tick();
    Q_EMIT changed();
}

int MachineKeeper::idleMinutes() const {
    return std::max(0, preferences::kCloudIdleMinutes.of(m_settings));
}

void MachineKeeper::setIdleMinutes(int minutes) {
    preferences::kCloudIdleMinutes.set(m_settings, minutes);
    keepRunning();
}

std::optional<int> MachineKeeper::secondsToStop() const {
    return m_stopsAt ? std::optional(std::max(0, secondsOf(*m_stopsAt - now()))) : std::nullopt;
}

void MachineKeeper::tick() {
    if (!isRunning() || deed()) {
        m_stopsAt.reset();
        m_asksToProlong = false;
    } else {
        tickProlonging();
        tickIdling();
    }
    Q_EMIT changed();
}

void MachineKeeper::tickProlonging() {
    const auto left = secondsLeft();
    const bool isNear = left && *left < kNearEnd && m_jobs > 0;
    m_asksToProlong = isNear && !hasSaidWhetherToProlong();
    if (isNear && prolongs() && (!m_prolongAgainAt || now() >= *m_prolongAgainAt)) {
        m_isByItself = true;
        m_prolongAgainAt = now() + kProlongPause;
        m_desk.act(CloudDesk::Deed::Extend, *m_place);
    }
}

bool MachineKeeper::isIdle() const {
    // Of a server that does not answer nobody knows whether it draws for somebody else.
    return m_jobs == 0 && m_link.isOnline() && m_link.info() &&
           m_link.info()->queued + m_link.info()->running == 0;
}

void MachineKeeper::tickIdling() {
    if (!isIdle()) {
        m_busyAt = now();
        m_stopsAt.reset();
        return;
    }
    const auto allowed = std::chrono::minutes(idleMinutes());
    if (allowed == 0min || now() - m_busyAt < allowed) {
        m_stopsAt.reset();
    } else if (!m_stopsAt) {
        m_stopsAt = now() + std::chrono::seconds(kStopCountdown);
    } else if (now() >= *m_stopsAt) {
        m_stopsAt.reset();
        m_isByItself = true;
        m_desk.act(CloudDesk::Deed::Stop, *m_place);
    }
}

void MachineKeeper::keepRunning() {
    m_busyAt = now();
    m_stopsAt.reset();
    Q_EMIT changed();
}

void MachineKeeper::act(CloudDesk::Deed deed) {
    if (m_place && !this->deed()) {
        m_isByItself = false;
        m_failure.reset();
        m_desk.act(deed, *m_place);
    }
}

void MachineKeeper::start() {
    act(CloudDesk::Deed::Start);
}

void MachineKeeper::stop() {
    act(CloudDesk::Deed::Stop);
}

void MachineKeeper::extend() {
    act(CloudDesk::Deed::Extend);
}

void MachineKeeper::onDid(CloudDesk::Deed deed, const std::optional<Failure>& failure) {
    using Deed = CloudDesk::Deed;
    const bool wasByItself = std::exchange(m_isByItself, false);
    const QString name = QString::fromStdString(m_place->name);
    if (deed == Deed::LookWhatGoes || deed == Deed::Remove || deed == Deed::LetIn) {
        return;  // The page that asked for it tells.
    }
    m_failure = failure;
    look();
    if (!failure && deed == Deed::Start) {
        m_link.tryNow();
    }
    if (!failure && deed == Deed::Extend && wasByItself) {
        Q_EMIT told(tr("%1 runs an hour longer, because pictures are being drawn.").arg(name));
    }
    if (!failure && deed == Deed::Stop && wasByItself) {
        Q_EMIT told(tr("%1 was stopped: nothing was drawn for %2 min.").arg(name).arg(idleMinutes()));
    }
    Q_EMIT changed();
}

}  // namespace easel::cloud
