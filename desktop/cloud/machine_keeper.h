// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QElapsedTimer>
#include <QObject>
#include <QString>
#include <QTimer>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>

#include "desktop/cloud/cloud_desk.h"
#include "desktop/cloud/picture_count.h"

class QSettings;

namespace easel::remote {
class ServerLink;
class Servers;
}  // namespace easel::remote

namespace easel::cloud {

/// Looks after the machine that is drawn on: what it costs and how long it runs; prolongs its time while
/// pictures are drawn, and stops it when nothing was drawn for long, both only if the person has said so.
/// Does nothing while another kind of server is chosen. Owned by main; GUI thread.
class MachineKeeper : public QObject {
    Q_OBJECT

public:
    struct Timing {
        std::chrono::milliseconds look{60'000};  ///< between two looks at it
        std::chrono::milliseconds tick{1'000};
        /// Time that passes, but not while this computer sleeps; none: the clock's.
        std::function<std::chrono::milliseconds()> now = {};
    };
    static constexpr int kNearEnd = 15 * 60;    ///< seconds left at which time is prolonged
    static constexpr int kStopCountdown = 120;  ///< seconds to say no before it is stopped

    /// All outlive it.
    MachineKeeper(CloudDesk& desk, remote::Servers& servers, remote::ServerLink& link, QSettings& settings,
                  QObject* parent = nullptr);
    MachineKeeper(CloudDesk& desk, remote::Servers& servers, remote::ServerLink& link, QSettings& settings,
                  Timing timing, QObject* parent = nullptr);
    ~MachineKeeper() override;

    /// How many of this person's jobs wait or run.
    void setWork(int jobs);
    /// One has come from the server that is drawn on.
    void countPicture();

    /// The machine of the server that is chosen; none: it is on no machine of Google's.
    const std::optional<protocol::GcpPlace>& place() const { return m_place; }
    /// As it was told last; none: not yet.
    const std::optional<Machine>& machine() const { return m_machine; }
    bool isRunning() const { return m_machine && m_machine->state == Machine::State::Running; }
    /// Now. None: nothing limits it, or nobody knows.
    std::optional<int> secondsLeft() const;
    /// Since it was started.
    double cost() const;
    /// That came to this computer since the machine was started.
    int pictures() const { return m_pictures.count(); }
    /// Of what is being done to it.
    std::optional<CloudDesk::Deed> deed() const;
    QString step() const;
    /// Why the last thing that was asked for, or that the keeper did by itself, did not work.
    const std::optional<Failure>& failure() const { return m_failure; }
    void dismissFailure();

    /// Its time is prolonged by itself while pictures are drawn.
    bool prolongs() const;
    void setProlongs(bool prolongs);
    bool hasSaidWhetherToProlong() const;
    /// It will be over while pictures are drawn, and nobody has said whether to prolong it.
    bool asksToProlong() const { return m_asksToProlong; }
    /// Minutes without a picture after which it is stopped; 0: never.
    int idleMinutes() const;
    void setIdleMinutes(int minutes);
    /// Seconds until it is stopped because nothing is drawn; none: it is not about to be.
    std::optional<int> secondsToStop() const;

    void start();
    void stop();
    void extend();
    void keepRunning();

Q_SIGNALS:
    void changed();
    /// Something that the keeper did by itself.
    void told(const QString& words);

private:
    void onServers();
    void look();
    void take(const Machine& machine);
    void tick();
    void tickProlonging();
    void tickIdling();
    bool isIdle() const;
    void onDid(CloudDesk::Deed deed, const std::optional<Failure>& failure);
    void act(CloudDesk::Deed deed);
    std::chrono::milliseconds now() const;

    CloudDesk& m_desk;
    remote::Servers& m_servers;
    remote::ServerLink& m_link;
    QSettings& m_settings;
    const Timing m_timing;
    QElapsedTimer m_clock;
    QTimer m_lookTimer;
    QTimer m_tickTimer;
    std::unique_ptr<GcpCall> m_look;
    std::optional<protocol::GcpPlace> m_place;
    std::optional<Machine> m_machine;
    std::chrono::milliseconds m_toldAt{0};
    PictureCount m_pictures;
    int m_jobs = 0;
    std::chrono::milliseconds m_busyAt{0};               ///< when something was drawn, or somebody came
    std::optional<std::chrono::milliseconds> m_stopsAt;  ///< unless somebody says no
    std::optional<std::chrono::milliseconds> m_prolongAgainAt;  ///< not before
    bool m_asksToProlong = false;
    bool m_isByItself = false;  ///< what is being done was nobody's wish of the moment
    std::optional<Failure> m_failure;
};

}  // namespace easel::cloud
