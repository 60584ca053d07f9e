// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>
#include <QString>
#include <QTimer>

#include <optional>

#include "desktop/remote/remote.h"
#include "shared/protocol/problem.h"
#include "shared/protocol/routes.h"

class QSettings;

namespace easel::remote {

/// A server on this computer for whoever has no other: the easel-server beside the app, with the starter
/// model. One that answers already is used as it is. What was started here ends with the app unless told
/// otherwise; after a crash the next app finds it again and answers for it. Owned by main; GUI thread.
class LocalServer : public QObject {
    Q_OBJECT

public:
    enum class State {
        Idle,
        Looking,   ///< whether one answers already
        Starting,  ///< until its port is open; from then on the link tells how it is
        Running,
        Failed,  ///< problem() says why
    };
    Q_ENUM(State)

    struct Place {
        QString program = findProgram();  ///< empty: there is none
        int port = protocol::routes::kDefaultPort;
        QString folder = defaultFolder();  ///< for its port and its log
    };

    /// `settings` outlives it.
    explicit LocalServer(QSettings& settings, QObject* parent = nullptr);
    LocalServer(QSettings& settings, Place place, QObject* parent = nullptr);
    ~LocalServer() override;

    /// Beside the app, where it is installed, where it was built, or on PATH.
    static QString findProgram();
    static QString defaultFolder();

    /// Looks for a server and starts one if there is none; `ready` follows, or the state is Failed.
    void start();
    /// Another server was chosen: the next app does not begin with this one.
    void leave();
    /// The last app drew on this computer.
    bool wasUsed() const;

    State state() const { return m_state; }
    bool isBusy() const { return m_state == State::Looking || m_state == State::Starting; }
    const std::optional<protocol::Problem>& problem() const { return m_problem; }
    /// It was started by Easel, and so ends with it unless keepsRunning().
    bool isOurs() const { return m_pid > 0; }
    bool keepsRunning() const;
    void setKeepsRunning(bool keeps);

Q_SIGNALS:
    void stateChanged();
    /// It can be asked at `address`.
    void ready(const QString& address);

private:
    void launch(int port);
    void watch();
    void running(int port);
    void fail(const QString& detail);
    void setState(State state);
    bool isAlive(qint64 pid) const;
    QString portFile() const;
    QString logFile() const;

    QSettings& m_settings;
    Place m_place;
    Remote m_probe;
    QTimer m_watch;
    State m_state = State::Idle;
    std::optional<protocol::Problem> m_problem;
    qint64 m_pid = 0;
};

}  // namespace easel::remote
