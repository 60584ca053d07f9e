// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>
#include <QTimer>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "shared/protocol/hub_info.h"
#include "shared/protocol/problem.h"
#include "shared/protocol/pull_info.h"
#include "shared/protocol/server_info.h"

namespace easel::remote {

class Remote;
class ServerLink;

/// The models of the server that is connected, those that cannot be used and those on their way there
/// included, and what can be done with them. Asks how they are while somebody looks or something is on its
/// way. Owned by Studio; GUI thread.
class ModelDesk : public QObject {
    Q_OBJECT

public:
    struct Timing {
        std::chrono::milliseconds pulls{1'000};   ///< between two looks at what is on its way
        std::chrono::milliseconds models{5'000};  ///< and at what is there
    };

    /// Both outlive it.
    ModelDesk(Remote& remote, ServerLink& link, QObject* parent = nullptr);
    ModelDesk(Remote& remote, ServerLink& link, Timing timing, QObject* parent = nullptr);

    /// Somebody looks at them.
    void setWatched(bool watched);

    /// The server has answered since it was connected.
    bool isKnown() const { return m_isKnown; }
    /// Its default model first.
    const std::vector<protocol::ModelInfo>& models() const { return m_models; }
    /// The newest first.
    const std::vector<protocol::PullInfo>& pulls() const { return m_pulls; }
    /// The newest of this kind for the model; none: it was not asked for since the server started.
    const protocol::PullInfo* latest(const std::string& model, protocol::PullTask task) const;
    /// This computer may pull, verify and remove models there.
    bool mayPull() const { return m_mayPull; }
    /// On the disk that models are pulled to.
    std::optional<std::int64_t> freeBytes() const { return m_freeBytes; }

    void pull(const protocol::PullRequest& request);
    void cancel(const std::string& pull);
    void verify(const std::string& model);
    void remove(const std::string& model);
    /// `searched` or `lookedUp` follows, for the latest question only.
    void search(const QString& words);
    void lookUp(const std::string& model);

Q_SIGNALS:
    void changed();
    /// Something that was asked for here was refused.
    void failed(const easel::protocol::Problem& problem);
    void searched(const easel::protocol::Expected<std::vector<easel::protocol::HubHit>>& hits);
    void lookedUp(const easel::protocol::Expected<easel::protocol::HubModel>& model);

private:
    void onState();
    void forget();
    void askPulls();
    void askModels(std::vector<protocol::ModelInfo> known, const std::optional<std::string>& after);
    void take(std::vector<protocol::PullInfo> pulls);
    void began(protocol::Expected<protocol::PullInfo> pull);
    bool isAnyUnderWay() const;
    void planNext();

    Remote& m_remote;
    ServerLink& m_link;
    const Timing m_timing;
    QTimer m_pullTimer;
    QTimer m_modelTimer;
    bool m_watched = false;
    bool m_isOnline = false;
    bool m_isKnown = false;
    std::vector<protocol::ModelInfo> m_models;
    std::vector<protocol::PullInfo> m_pulls;
    bool m_mayPull = false;
    std::optional<std::int64_t> m_freeBytes;
    int m_server = 0;    ///< tells answers of this server from those of an earlier one
    int m_question = 0;  ///< the latest to the hub
};

}  // namespace easel::remote
