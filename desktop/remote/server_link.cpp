// SPDX-License-Identifier: Apache-2.0
#include "desktop/remote/server_link.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "desktop/remote/address.h"
#include "desktop/remote/remote.h"

namespace easel::remote {

namespace {

// What a list to choose from can hold at all.
constexpr std::size_t kMaxModels = 1000;

}  // namespace

ServerLink::ServerLink(Remote& remote, QObject* parent) : ServerLink(remote, Timing(), parent) {}

ServerLink::ServerLink(Remote& remote, Timing timing, QObject* parent)
    : QObject(parent), m_remote(remote), m_timing(timing), m_backoff(timing.firstPause, timing.longestPause) {
    m_poll.setSingleShot(true);
    connect(&m_poll, &QTimer::timeout, this, &ServerLink::ask);
    m_countdown.setInterval(std::chrono::seconds(1));
    connect(&m_countdown, &QTimer::timeout, this, &ServerLink::countDown);
}

void ServerLink::connectTo(const QUrl& address) {
    m_remote.setAddress(address);
    m_backoff.reset();
    m_problem.reset();
    m_info.reset();
    m_models.clear();
    m_state = State::Connecting;
    Q_EMIT infoChanged();
    Q_EMIT stateChanged(m_state);  // even when it was connecting before: to another server
    ask();
}

void ServerLink::tryNow() {
    if (m_state == State::NoAddress) {
        return;
    }
    m_backoff.reset();
    ask();
}

QString ServerLink::describe() const {
    QString name = displayName(m_remote.address());
    switch (m_state) {
        case State::NoAddress:
            return tr("No server chosen");
        case State::Connecting:
            return tr("%1 · connecting…").arg(name);
        case State::Connected:
            if (m_info->paused) {
                return tr("%1 · queue paused").arg(name);
            }
            if (m_info->deviceName.empty()) {
                return tr("%1 · ready").arg(name);
            }
            return tr("%1 · %2 · ready").arg(name, QString::fromStdString(m_info->deviceName));
        case State::NotReady:
            if (m_info->status.empty()) {
                return tr("%1 · getting ready…").arg(name);
            }
            return tr("%1 · %2").arg(name, QString::fromStdString(m_info->status));
        case State::Unreachable:
            if (m_secondsLeft > 0) {
                return tr("%1 · unreachable, next try in %2 s").arg(name).arg(m_secondsLeft);
            }
            return tr("%1 · unreachable, trying now…").arg(name);
        case State::Refused:
            return tr("%1 · %2").arg(name, QString::fromStdString(m_problem->title));
    }
    return name;
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
    m_problem.reset();
    const bool modelsMayDiffer = m_models.empty() || !m_info || m_info->ready != info.ready ||
                                 m_info->defaultModel != info.defaultModel || !isOnline();
    const bool changed = m_info != info;
    m_info = std::move(info);
    if (modelsMayDiffer) {
        askModels({}, {});
    }
    if (changed) {
        Q_EMIT infoChanged();
    }
    setState(m_info->ready ? State::Connected : State::NotReady);
    m_poll.start(m_info->ready ? m_timing.whenConnected : m_timing.whenNotReady);
}

void ServerLink::failed(protocol::Problem problem) {
    const bool passing = isPassing(problem);
    m_problem = std::move(problem);
    const auto pause = m_backoff.next();
    waitFor(passing ? pause : m_timing.longestPause);
    setState(passing ? State::Unreachable : State::Refused);
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
