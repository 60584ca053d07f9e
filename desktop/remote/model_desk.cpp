// SPDX-License-Identifier: Apache-2.0
#include "desktop/remote/model_desk.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "desktop/remote/remote.h"
#include "desktop/remote/server_link.h"

namespace easel::remote {

using protocol::Expected;
using protocol::PullInfo;

namespace {

constexpr std::size_t kMaxModels = 1000;  // more is no list for a person

}  // namespace

ModelDesk::ModelDesk(Remote& remote, ServerLink& link, QObject* parent)
    : ModelDesk(remote, link, Timing(), parent) {}

ModelDesk::ModelDesk(Remote& remote, ServerLink& link, Timing timing, QObject* parent)
    : QObject(parent), m_remote(remote), m_link(link), m_timing(timing) {
    for (QTimer* timer : {&m_pullTimer, &m_modelTimer}) {
        timer->setSingleShot(true);
    }
    connect(&m_pullTimer, &QTimer::timeout, this, &ModelDesk::askPulls);
    connect(&m_modelTimer, &QTimer::timeout, this, [this] { askModels({}, {}); });
    connect(&m_remote, &Remote::addressChanged, this, &ModelDesk::forget);
    connect(&m_link, &ServerLink::stateChanged, this, &ModelDesk::onState);
    connect(&m_link, &ServerLink::infoChanged, this, &ModelDesk::onState);
    onState();
}

void ModelDesk::setWatched(bool watched) {
    m_watched = watched;
    if (watched && m_isOnline) {
        askModels({}, {});
        askPulls();
    }
}

void ModelDesk::onState() {
    if (std::exchange(m_isOnline, m_link.isOnline()) != m_isOnline && m_isOnline) {
        askModels({}, {});
        askPulls();
    }
}

void ModelDesk::forget() {
    ++m_server;
    m_pullTimer.stop();
    m_modelTimer.stop();
    m_isOnline = false;
    m_isKnown = false;
    m_models.clear();
    m_pulls.clear();
    m_mayPull = false;
    m_freeBytes.reset();
    Q_EMIT changed();
}

const PullInfo* ModelDesk::latest(const std::string& model, protocol::PullTask task) const {
    const auto found = std::ranges::find_if(
        m_pulls, [&](const PullInfo& pull) { return pull.request.model == model && pull.task == task; });
    return found == m_pulls.end() ? nullptr : &*found;
}

bool ModelDesk::isAnyUnderWay() const {
    return std::ranges::any_of(m_pulls, [](const PullInfo& pull) { return !isFinished(pull.state); });
}

void ModelDesk::planNext() {
    if (!m_isOnline) {
        return;
    }
    if ((m_watched || isAnyUnderWay()) && !m_pullTimer.isActive()) {
        m_pullTimer.start(m_timing.pulls);
    }
    if (m_watched && !m_modelTimer.isActive()) {
        m_modelTimer.start(m_timing.models);
    }
}

void ModelDesk::askPulls() {
    m_pullTimer.stop();
    m_remote.pulls(this, [this, server = m_server](Expected<std::vector<PullInfo>> pulls) {
        if (server != m_server) {
            return;
        }
        if (pulls) {
            take(std::move(*pulls));
        }
        planNext();
    });
}

void ModelDesk::take(std::vector<PullInfo> pulls) {
    if (pulls == m_pulls) {
        return;
    }
    const bool hasEnded = std::ranges::any_of(pulls, [this](const PullInfo& pull) {
        const auto before = std::ranges::find(m_pulls, pull.id, &PullInfo::id);
        return isFinished(pull.state) && before != m_pulls.end() && !isFinished(before->state);
    });
    m_pulls = std::move(pulls);
    if (hasEnded) {
        askModels({}, {});
        m_link.lookForModels();
    }
    Q_EMIT changed();
}

void ModelDesk::askModels(std::vector<protocol::ModelInfo> known, const std::optional<std::string>& after) {
    m_modelTimer.stop();
    auto taken = [this, server = m_server,
                  known = std::move(known)](Expected<protocol::ModelPage> page) mutable {
        if (server != m_server) {
            return;
        }
        if (!page) {
            return planNext();
        }
        std::ranges::move(page->models, std::back_inserter(known));
        if (page->next && !page->models.empty() && known.size() < kMaxModels) {
            return askModels(std::move(known), page->next);
        }
        m_isKnown = true;
        m_models = std::move(known);
        m_mayPull = page->mayPull;
        m_freeBytes = page->freeBytes;
        Q_EMIT changed();
        planNext();
    };
    m_remote.models(after, this, std::move(taken));
}

void ModelDesk::began(Expected<PullInfo> pull) {
    if (!pull) {
        Q_EMIT failed(pull.error());
    }
    askPulls();
}

void ModelDesk::pull(const protocol::PullRequest& request) {
    m_remote.pull(request, this, [this](Expected<PullInfo> pull) { began(std::move(pull)); });
}

void ModelDesk::cancel(const std::string& pull) {
    m_remote.cancelPull(pull, this, [this](Expected<PullInfo> cancelled) { began(std::move(cancelled)); });
}

void ModelDesk::verify(const std::string& model) {
    m_remote.verifyModel(model, this, [this](Expected<PullInfo> pull) { began(std::move(pull)); });
}

void ModelDesk::remove(const std::string& model) {
    m_remote.removeModel(model, this, [this](const Expected<QByteArray>& removed) {
        if (!removed) {
            Q_EMIT failed(removed.error());
        }
        askModels({}, {});
        m_link.lookForModels();
    });
}

void ModelDesk::search(const QString& words) {
    m_remote.searchHub(words, this,
                       [this, question = ++m_question](const Expected<std::vector<protocol::HubHit>>& hits) {
                           if (question == m_question) {
                               Q_EMIT searched(hits);
                           }
                       });
}

void ModelDesk::lookUp(const std::string& model) {
    m_remote.lookUpOnHub(model, this,
                         [this, question = ++m_question](const Expected<protocol::HubModel>& found) {
                             if (question == m_question) {
                                 Q_EMIT lookedUp(found);
                             }
                         });
}

}  // namespace easel::remote
