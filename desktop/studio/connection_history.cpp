// SPDX-License-Identifier: Apache-2.0
#include "desktop/studio/connection_history.h"

namespace easel::studio {

ConnectionHistory::ConnectionHistory(const remote::ServerLink& link, QObject* parent)
    : QObject(parent), m_link(link) {
    connect(&m_link, &remote::ServerLink::stateChanged, this, &ConnectionHistory::note);
}

void ConnectionHistory::note() {
    Change change{QDateTime::currentDateTime(), m_link.state(), {}};
    if (const auto& problem = m_link.problem()) {
        change.code = problem->code;
        m_lastTrouble = Trouble{change.at, *problem};
    }
    const bool isNew =
        m_changes.isEmpty() || m_changes.last().state != change.state || m_changes.last().code != change.code;
    if (isNew) {
        m_changes.append(std::move(change));
    }
    while (m_changes.size() > kMost) {
        m_changes.removeFirst();
    }
}

}  // namespace easel::studio
