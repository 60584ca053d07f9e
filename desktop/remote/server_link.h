// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>
#include <QTimer>
#include <QUrl>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "shared/process/backoff.h"
#include "shared/protocol/problem.h"
#include "shared/protocol/server_info.h"

namespace easel::remote {

class Remote;

/// How things stand with the server: asks it every few seconds, counts down to the next try while it can't
/// be reached, and holds what it last said (limits, samplers, models), which stays valid for the controls
/// while it is away. Owned by main; GUI thread.
class ServerLink : public QObject {
    Q_OBJECT

public:
    enum class State {
        NoAddress,    ///< nothing to talk to yet
        Connecting,   ///< the first try to an address is under way
        Connected,    ///< answers and can draw
        NotReady,     ///< answers, but its worker is still loading; info().status says more
        Unreachable,  ///< no answer; secondsToNextTry() counts down
        Refused,      ///< answers, but not to us (not an Easel server, no access); problem() says why
    };
    Q_ENUM(State)

    struct Timing {
        std::chrono::milliseconds whenConnected{5'000};
        std::chrono::milliseconds whenNotReady{1'000};
        std::chrono::milliseconds firstPause{1'000};  ///< after a failure; doubles each time
        std::chrono::milliseconds longestPause{15'000};
    };

    explicit ServerLink(Remote& remote, QObject* parent = nullptr);
    ServerLink(Remote& remote, Timing timing, QObject* parent = nullptr);

    /// Points the remote at `address` (from parseAddress) and starts to ask; forgets the last server.
    void connectTo(const QUrl& address);
    /// Asks at once instead of waiting for the countdown.
    void tryNow();

    State state() const { return m_state; }
    /// Connected or NotReady: jobs can be handed in.
    bool isOnline() const { return m_state == State::Connected || m_state == State::NotReady; }
    int secondsToNextTry() const { return m_secondsLeft; }
    /// Why it is Unreachable or Refused.
    const std::optional<protocol::Problem>& problem() const { return m_problem; }
    /// What the server said last; absent until it has answered once.
    const std::optional<protocol::ServerInfo>& info() const { return m_info; }
    /// Its default model first, 1,000 at most, without those that cannot be used; empty until known.
    const std::vector<protocol::ModelInfo>& models() const { return m_models; }
    /// One line for the tool bar: "gpu-box · NVIDIA T4 · ready", "gpu-box · unreachable, next try in 8 s".
    QString describe() const;

Q_SIGNALS:
    void stateChanged(easel::remote::ServerLink::State state);
    /// The countdown moved; seconds are 0 while a try is under way.
    void countdownChanged(int seconds);
    /// info() or models() have changed.
    void infoChanged();

private:
    void ask();
    void answered(protocol::ServerInfo info);
    void failed(protocol::Problem problem);
    /// Page by page; `known` are those of the pages before.
    void askModels(std::vector<protocol::ModelInfo> known, const std::optional<std::string>& after);
    void setModels(std::vector<protocol::ModelInfo> models);
    void setState(State state);
    void waitFor(std::chrono::milliseconds pause);
    void countDown();

    Remote& m_remote;
    Timing m_timing;
    State m_state = State::NoAddress;
    std::optional<protocol::Problem> m_problem;
    std::optional<protocol::ServerInfo> m_info;
    std::vector<protocol::ModelInfo> m_models;
    QTimer m_poll;
    QTimer m_countdown;
    process::Backoff m_backoff;
    int m_secondsLeft = 0;
    int m_try = 0;  ///< tells the answer to the latest question from those to earlier ones
};

}  // namespace easel::remote
