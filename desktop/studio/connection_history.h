// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QDateTime>
#include <QList>
#include <QObject>

#include <optional>
#include <string>

#include "desktop/remote/server_link.h"
#include "shared/protocol/problem.h"

namespace easel::studio {

/// What has become of the connection since the app began. Owned by Diagnostics; GUI thread.
class ConnectionHistory : public QObject {
    Q_OBJECT

public:
    static constexpr int kMost = 50;

    struct Change {
        QDateTime at;
        remote::ServerLink::State state = remote::ServerLink::State::NoAddress;
        std::string code;  ///< of the problem; empty: there was none
    };
    struct Trouble {
        QDateTime at;
        protocol::Problem problem;
    };

    /// `link` outlives it.
    explicit ConnectionHistory(const remote::ServerLink& link, QObject* parent = nullptr);

    /// The last ones, oldest first. That the same thing is wrong still is no change.
    const QList<Change>& changes() const { return m_changes; }
    /// What was wrong last, whether it still is or not.
    const std::optional<Trouble>& lastTrouble() const { return m_lastTrouble; }

private:
    void note();

    const remote::ServerLink& m_link;
    QList<Change> m_changes;
    std::optional<Trouble> m_lastTrouble;
};

}  // namespace easel::studio
