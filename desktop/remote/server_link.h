// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QElapsedTimer>
#include <QObject>
#include <QTimer>
#include <QUrl>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "desktop/remote/endpoint.h"
#include "shared/process/backoff.h"
#include "shared/protocol/problem.h"
#include "shared/protocol/server_info.h"

namespace easel::remote {

class Remote;

/// The code of the problem that a server's machine is switched off: nothing is wrong, it has to be started.
inline constexpr char kMachineStopped[] = "machine_stopped";

/// How things stand with the server: asks it every few seconds, counts down to the next try while it can't
/// be reached, and holds what it last said (limits, samplers, models), which stays valid for the controls
/// while it is away. Owned by main; GUI thread.
class ServerLink : public QObject {
    Q_OBJECT

public:
    enum class State {
        NoAddress,           ///< nothing to talk to yet
        Connecting,          ///< the first try to an address is under way
        OpeningTunnel,       ///< there is no way to it yet; one is being made
        NoTunnel,            ///< there is none, problem() says why; tryNow() asks for one
        CertificateUnknown,  ///< a person has to say whether it is the right server; presented() shows it
        CertificateChanged,  ///< it is not the server that was trusted; nothing goes on before it is
                             ///< forgotten
        KeyMissing,          ///< it wants a key, and there is none
        KeyRefused,          ///< it does not take the key (any more)
        Starting,            ///< answers, but its worker is only starting
        LoadingModel,        ///< answers, and is loading a model
        NotReady,            ///< answers, but cannot draw just now; info().status says why
        Connected,           ///< answers and can draw
        Busy,                ///< answers and draws: others' jobs or ours
        Unreachable,         ///< no answer; secondsToNextTry() counts down
        TooOld,              ///< its version is from before ours
        TooNew,              ///< its version is from after ours
        Refused,             ///< answers, but not to us (not an Easel server, no access); problem() says why
    };
    Q_ENUM(State)

    struct Timing {
        std::chrono::milliseconds whenConnected{5'000};
        std::chrono::milliseconds whenNotReady{1'000};
        std::chrono::milliseconds firstPause{1'000};  ///< after a failure; doubles each time
        std::chrono::milliseconds longestPause{15'000};
        std::chrono::milliseconds modelsAgain{15'000};  ///< models come and go on the server's disk
    };

    explicit ServerLink(Remote& remote, QObject* parent = nullptr);
    ServerLink(Remote& remote, Timing timing, QObject* parent = nullptr);

    /// Points the remote at `endpoint` and starts to ask; forgets the last server.
    void connectTo(const Endpoint& endpoint);
    void connectTo(const QUrl& address) { connectTo(Endpoint{address, {}, {}, {}}); }
    /// The same, but asks nothing before it has been given the key: Connecting meanwhile.
    void prepare(const Endpoint& endpoint);
    /// The same for a server at the end of a tunnel, which is being opened: asks nothing before connectTo.
    void awaitTunnel(const Endpoint& endpoint);
    void failTunnel(protocol::Problem problem);
    /// The key for this endpoint, perhaps another one: asks at once.
    void useKey(const QByteArray& key);
    /// Nothing to talk to any more.
    void leave();
    void setName(const QString& name);
    /// Models came or went: asks for them at once.
    void lookForModels();
    /// Asks at once instead of waiting for the countdown.
    void tryNow();
    /// The computer has slept, or the network was another: what is open leads nowhere. Begins anew.
    void resume();

    State state() const { return m_state; }
    /// Jobs can be handed in.
    bool isOnline() const;
    /// It answers, but a person has to do something before it can be used: problem() says what.
    bool needsHelp() const;
    /// It may be all right by now: nothing that a person has to do here first keeps it away.
    bool triesHelp() const;
    int secondsToNextTry() const { return m_secondsLeft; }
    const Endpoint& endpoint() const;
    /// The fingerprint that the server has shown, in CertificateUnknown and CertificateChanged.
    QByteArray presented() const;
    /// Why it is not online.
    const std::optional<protocol::Problem>& problem() const { return m_problem; }
    /// What the server said last; absent until it has answered once.
    const std::optional<protocol::ServerInfo>& info() const { return m_info; }
    /// Its default model first, 1,000 at most, without those that cannot be used; empty until known.
    const std::vector<protocol::ModelInfo>& models() const { return m_models; }
    /// One line for the tool bar: "gpu-box · NVIDIA T4 · ready", "gpu-box · unreachable, next try in 8 s".
    QString describe() const;
    /// The parts of that line: the server, as the person calls it, and how it is. Both empty in NoAddress.
    QString title() const;
    QString words() const;
    /// What that means and what a person can do, in sentences; empty where nothing has to be said.
    QString advice() const;

Q_SIGNALS:
    void stateChanged(easel::remote::ServerLink::State state);
    /// In NoTunnel somebody wants it tried again.
    void tunnelWanted();
    /// The countdown moved; seconds are 0 while a try is under way.
    void countdownChanged(int seconds);
    /// info() or models() have changed.
    void infoChanged();

private:
    void start(const Endpoint& endpoint, State state);
    void ask();
    void forget();
    void answered(protocol::ServerInfo info);
    void failed(protocol::Problem problem);
    State stateOf(const protocol::ServerInfo& info) const;
    State stateOf(const protocol::Problem& problem) const;
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
    QElapsedTimer m_modelsAsked;
    int m_secondsLeft = 0;
    int m_try = 0;  ///< tells the answer to the latest question from those to earlier ones
};

}  // namespace easel::remote
