// SPDX-License-Identifier: Apache-2.0
#include "desktop/remote/server_link.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "desktop/remote/remote.h"
#include "desktop/remote/version_fit.h"

namespace easel::remote {

namespace {

// What a list to choose from can hold at all.
constexpr std::size_t kMaxModels = 1000;
std::optional<protocol::Problem> versionProblem(const protocol::ServerInfo& info) {
    const auto make = [&](const char* code, const QString& title, const QString& detail) {
        const QString theirs = QString::fromStdString(info.version);
        const QString sentence = detail.arg(theirs, QStringLiteral(EASEL_VERSION));
        return protocol::Problem{0, code, title.toStdString(), sentence.toStdString(), std::nullopt};
    };
    switch (fitOf(info.version, EASEL_VERSION)) {
        case VersionFit::TooOld:
            return make(
                "too_old", QObject::tr("The server is too old"),
                QObject::tr("It is Easel %1, and this is Easel %2, which it does not understand. Update "
                            "the server."));
        case VersionFit::TooNew:
            return make(
                "too_new", QObject::tr("The server is too new"),
                QObject::tr("It is Easel %1, and this is Easel %2, which does not understand it. Update "
                            "the app."));
        case VersionFit::Fits:
            break;
    }
    return std::nullopt;
}

}  // namespace

ServerLink::ServerLink(Remote& remote, QObject* parent) : ServerLink(remote, Timing(), parent) {}

ServerLink::ServerLink(Remote& remote, Timing timing, QObject* parent)
    : QObject(parent), m_remote(remote), m_timing(timing), m_backoff(timing.firstPause, timing.longestPause) {
    m_poll.setSingleShot(true);
    connect(&m_poll, &QTimer::timeout, this, &ServerLink::ask);
    m_countdown.setInterval(std::chrono::seconds(1));
    connect(&m_countdown, &QTimer::timeout, this, &ServerLink::countDown);
}

void ServerLink::connectTo(const Endpoint& endpoint) {
    prepare(endpoint);
    ask();
}

void ServerLink::prepare(const Endpoint& endpoint) {
    start(endpoint, State::Connecting);
}

void ServerLink::awaitTunnel(const Endpoint& endpoint) {
    start(endpoint, State::OpeningTunnel);
}

void ServerLink::failTunnel(protocol::Problem problem) {
    m_remote.dropConnections();
    forget();
    m_problem = std::move(problem);
    m_state = State::NoTunnel;
    Q_EMIT infoChanged();
    Q_EMIT stateChanged(m_state);
}

void ServerLink::start(const Endpoint& endpoint, State state) {
    m_remote.setEndpoint(endpoint);
    forget();
    m_state = state;
    Q_EMIT infoChanged();
    Q_EMIT stateChanged(m_state);  // even when it was connecting before: to another server
}

void ServerLink::useKey(const QByteArray& key) {
    m_remote.setKey(key);
    tryNow();
}

void ServerLink::leave() {
    m_remote.setEndpoint({});
    forget();
    m_state = State::NoAddress;
    Q_EMIT infoChanged();
    Q_EMIT stateChanged(m_state);
}

void ServerLink::forget() {
    m_poll.stop();
    m_countdown.stop();
    m_secondsLeft = 0;
    ++m_try;
    m_backoff.reset();
    m_problem.reset();
    m_info.reset();
    m_models.clear();
}

void ServerLink::setName(const QString& name) {
    m_remote.setName(name);
    Q_EMIT infoChanged();
}

void ServerLink::lookForModels() {
    if (isOnline()) {
        m_modelsAsked.start();
        askModels({}, {});
    }
}

void ServerLink::tryNow() {
    if (m_state == State::NoAddress || m_state == State::OpeningTunnel) {
        return;
    }
    if (m_state == State::NoTunnel) {
        Q_EMIT tunnelWanted();
        return;
    }
    m_backoff.reset();
    ask();
}

void ServerLink::resume() {
    if (m_state == State::NoAddress) {
        return;
    }
    m_remote.dropConnections();
    tryNow();
}

bool ServerLink::isOnline() const {
    switch (m_state) {
        case State::Starting:
        case State::LoadingModel:
        case State::NotReady:
        case State::Connected:
        case State::Busy:
            return true;
        default:
            return false;
    }
}

bool ServerLink::needsHelp() const {
    return !isOnline() && m_problem && m_state != State::Unreachable && m_problem->code != kMachineStopped;
}

bool ServerLink::triesHelp() const {
    switch (m_state) {
        case State::NoTunnel:
        case State::Unreachable:
        case State::TooOld:
        case State::TooNew:
        case State::Refused:
            return true;
        default:
            return false;
    }
}

const Endpoint& ServerLink::endpoint() const {
    return m_remote.endpoint();
}

QByteArray ServerLink::presented() const {
    return m_remote.presented() ? m_remote.presented()->fingerprint : QByteArray();
}

void ServerLink::ask() {
    m_poll.stop();
    m_countdown.stop();
    if (std::exchange(m_secondsLeft, 0) > 0) {
        Q_EMIT countdownChanged(0);
    }
    m_remote.server(this, [this, attempt = ++m_try](protocol::Expected<protocol::ServerInfo> info) {
        if (attempt != m_try) {
            return;
        }
        if (info) {
            answered(std::move(*info));
        } else {
            failed(std::move(info.error()));
        }
    });
}

void ServerLink::answered(protocol::ServerInfo info) {
    m_backoff.reset();
    const bool modelsMayDiffer = m_models.empty() || !m_info || m_info->ready != info.ready || !info.ready ||
                                 m_info->defaultModel != info.defaultModel || !isOnline() ||
                                 m_modelsAsked.hasExpired(m_timing.modelsAgain.count());
    const bool changed = m_info != info;
    m_info = std::move(info);
    m_problem = versionProblem(*m_info);
    if (m_problem) {
        waitFor(m_timing.longestPause);
        return setState(stateOf(*m_info));
    }
    if (modelsMayDiffer) {
        m_modelsAsked.start();
        askModels({}, {});
    }
    if (changed) {
        Q_EMIT infoChanged();
    }
    setState(stateOf(*m_info));
    m_remote.prepareStream();
    m_poll.start(m_info->ready ? m_timing.whenConnected : m_timing.whenNotReady);
}

void ServerLink::failed(protocol::Problem problem) {
    const State state = stateOf(problem);
    m_problem = std::move(problem);
    const auto pause = m_backoff.next();
    waitFor(state == State::Unreachable ? pause : m_timing.longestPause);
    setState(state);
}

ServerLink::State ServerLink::stateOf(const protocol::ServerInfo& info) const {
    switch (fitOf(info.version, EASEL_VERSION)) {
        case VersionFit::TooOld:
            return State::TooOld;
        case VersionFit::TooNew:
            return State::TooNew;
        case VersionFit::Fits:
            break;
    }
    if (info.ready) {
        return info.queued + info.running > 0 ? State::Busy : State::Connected;
    }
    const bool loads = std::ranges::find(m_models, protocol::ModelState::Loading,
                                         &protocol::ModelInfo::state) != m_models.end();
    if (loads || info.status.starts_with("Loading")) {
        return State::LoadingModel;
    }
    return info.device.empty() ? State::Starting : State::NotReady;
}

ServerLink::State ServerLink::stateOf(const protocol::Problem& problem) const {
    if (problem.code == kCertificateUnknown) {
        return State::CertificateUnknown;
    }
    if (problem.code == kCertificateChanged) {
        return State::CertificateChanged;
    }
    if (problem.status == 401) {
        return endpoint().key.isEmpty() ? State::KeyMissing : State::KeyRefused;
    }
    if (problem.status == 403 && !endpoint().key.isEmpty()) {
        return State::KeyRefused;
    }
    return isPassing(problem) ? State::Unreachable : State::Refused;
}

void ServerLink::askModels(std::vector<protocol::ModelInfo> known, const std::optional<std::string>& after) {
    auto take = [this, known = std::move(known)](protocol::Expected<protocol::ModelPage> page) mutable {
        if (!page) {
            return;  // shows in the next answer to ask(), which then asks for the models again
        }
        std::ranges::move(page->models, std::back_inserter(known));
        if (page->next && !page->models.empty() && known.size() < kMaxModels) {
            return askModels(std::move(known), page->next);
        }
        known.resize(std::min(known.size(), kMaxModels));
        setModels(std::move(known));
    };
    m_remote.models(after, this, std::move(take));
}

void ServerLink::setModels(std::vector<protocol::ModelInfo> models) {
    std::erase_if(models, [](const protocol::ModelInfo& model) {
        return model.state == protocol::ModelState::Failed;  // it cannot be drawn with
    });
    if (models != m_models) {
        m_models = std::move(models);
        Q_EMIT infoChanged();
    }
}

void ServerLink::setState(State state) {
    if (state == m_state && !m_problem) {
        return;
    }
    m_state = state;
    Q_EMIT stateChanged(state);
}

void ServerLink::waitFor(std::chrono::milliseconds pause) {
    m_poll.start(pause);
    m_secondsLeft = static_cast<int>(std::chrono::ceil<std::chrono::seconds>(pause).count());
    m_countdown.start();
    Q_EMIT countdownChanged(m_secondsLeft);
}

void ServerLink::countDown() {
    if (m_secondsLeft > 1) {
        Q_EMIT countdownChanged(--m_secondsLeft);
    }
}

}  // namespace easel::remote
